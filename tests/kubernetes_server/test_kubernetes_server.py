"""The stand-in for a cluster is as strict as the real one where it counts, or it proves nothing."""

from copy import deepcopy

import pytest
from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from tests.kubernetes_server.launching import JOB
from tests.kubernetes_server.operations import NAMESPACE

WHERE = ("trainer.kubeflow.org", "v1alpha1", NAMESPACE, "trainjobs")


@pytest.fixture
def api(kubernetes_server, tmp_path):
    settings = client.Configuration()
    config.load_kube_config(str(tmp_path / "kubeconfig.json"), client_configuration=settings)
    return client.CustomObjectsApi(client.ApiClient(settings))


def job(name="job", **labels):
    return {**deepcopy(JOB), "metadata": {"name": name, "labels": labels}}


def refused(call, *args, **more):
    with pytest.raises(ApiException) as error:
        call(*args, **more)
    return error.value.status, error.value.body


def test_a_job_is_made_once_with_what_the_server_adds(api):
    made = api.create_namespaced_custom_object(*WHERE, job())
    assert made["metadata"]["uid"] and made["spec"]["suspend"] is False
    status, body = refused(api.create_namespaced_custom_object, *WHERE, job())
    assert status == 409 and '"reason": "AlreadyExists"' in body


def test_an_unknown_field_is_refused(api):
    broken = job()
    broken["spec"]["trainer"]["nodes"] = 2
    status, body = refused(api.create_namespaced_custom_object, *WHERE, broken)
    assert status == 422 and "nodes" in body


def test_what_is_immutable_stays_and_the_rest_changes(api):
    first = api.create_namespaced_custom_object(*WHERE, job())
    change = {"spec": {"suspend": True}}
    changed = api.patch_namespaced_custom_object
    second = _with(api, "patch trainjobs", changed, *WHERE, "job", change)
    assert second["spec"]["suspend"] is True
    assert second["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]
    for key, value in (("activeDeadlineSeconds", 1), ("runtimeRef", {"name": "other"})):
        status, body = refused(changed, *WHERE, "job", {"spec": {key: value}})
        assert status == 422 and f"spec.{key}: field is immutable" in body


def _with(api, right, call, *args):
    assert refused(call, *args)[0] == 403, "nothing is allowed but what the chart gives"
    api.server.rights.add(right)
    return call(*args)


@pytest.fixture(autouse=True)
def server(api, kubernetes_server):
    api.server = kubernetes_server
    return kubernetes_server


def test_a_deleted_job_is_there_until_its_pods_are_gone(api, server):
    server.state.going = 0.2
    made = api.create_namespaced_custom_object(*WHERE, job())
    server.run("job")
    other = {"preconditions": {"uid": "another"}}
    assert refused(api.delete_namespaced_custom_object, *WHERE, "job", body=other)[0] == 409
    api.delete_namespaced_custom_object(*WHERE, "job", body={"propagationPolicy": "Foreground"})
    assert "deletionTimestamp" in api.get_namespaced_custom_object(*WHERE, "job")["metadata"]
    assert refused(api.create_namespaced_custom_object, *WHERE, job())[0] == 409
    server.state.remove(server.state.job(made["metadata"]["name"]))
    assert refused(api.get_namespaced_custom_object, *WHERE, "job")[0] == 404
    assert not server.state.pods_of("job")


def test_two_jobs_of_one_training_are_noticed(api, server):
    labels = {"biotune.io/run": "r", "biotune.io/key": "training"}
    for name in ("one", "two"):
        api.create_namespaced_custom_object(*WHERE, job(name, **labels))
    assert len(server.state.overlaps) == 1
    server.state.overlaps.clear()


def test_a_list_goes_by_labels(api):
    for name, run in (("one", "r"), ("two", "s")):
        api.create_namespaced_custom_object(*WHERE, job(name, **{"biotune.io/run": run}))
    found = api.list_namespaced_custom_object(*WHERE, label_selector="biotune.io/run=s")
    assert [each["metadata"]["name"] for each in found["items"]] == ["two"]


def test_who_is_not_known_is_refused(api, server):
    server.token = "another"
    assert refused(api.get_namespaced_custom_object, *WHERE, "job")[0] == 401
