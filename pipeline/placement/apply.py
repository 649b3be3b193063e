"""Puts one task of a pipeline in its place, in KFP's terms."""

from collections.abc import Callable, Mapping
from typing import Any

from kfp import dsl, kubernetes

from pipeline.placement import environment, launched
from pipeline.placement import runtime as names
from pipeline.placement.profile import SHM, TMP, Profile
from pipeline.placement.train_job import QUEUE_LABEL
from pipeline.placement.values import seconds

# Field paths, unlike parameters, are no part of a cache key, which they would spoil at every run.
IDENTITY = {
    "BIOTUNE_RUN": "metadata.labels['pipeline/runid']",
    "BIOTUNE_POD": "metadata.name",
}
_Given = Callable[[str], Any]


def place(
    task: dsl.PipelineTask, step: str, profile: Profile, parameters: Mapping[str, Any]
) -> None:
    """Puts a task in its place; see `pipeline.placement.place`."""
    constants = names.values(profile)

    def given(name: str) -> Any:
        """The parameter of the pipeline, or what the profile says; None where it says nothing."""
        channel = parameters.get(name)
        if name not in constants or channel is None:
            return constants.get(name)
        # KFP hands the parameters in resource limits through no If, ParallelFor or ExitHandler
        # unless they are registered.
        task.register_pipeline_channels([channel])
        return channel

    launches = launched.launches(profile, step)
    # It trains nothing itself: nodes, memory and the like of finetune are those of the TrainJob.
    source = "all" if launches else step
    if launches:
        task.set_cpu_request(launched.CPU).set_cpu_limit(launched.CPU)
        task.set_memory_request(launched.MEMORY).set_memory_limit(launched.MEMORY)
    else:
        _resources(task, step, profile, given)
    _nodes(task, source, profile, given)
    _volumes(task, source, profile, given)
    _variables(task, step, profile)
    _secrets(task, profile, given)
    _images(task, profile, given)
    _patience(task, step, profile)
    _pod(task, profile, queued=not launches)


def _resources(task: dsl.PipelineTask, step: str, profile: Profile, given: _Given) -> None:
    if cpu := given(names.name_for(profile, step, "cpu")):
        task.set_cpu_request(cpu).set_cpu_limit(cpu)
    if memory := given(names.name_for(profile, step, "memory")):
        task.set_memory_request(memory).set_memory_limit(memory)
    if gpus := given(names.gpu_name(step)):
        task.set_accelerator_type(given("gpu_resource")).set_accelerator_limit(gpus)


def _nodes(task: dsl.PipelineTask, step: str, profile: Profile, given: _Given) -> None:
    if selector := given(names.name_for(profile, step, "node_selector")):
        kubernetes.add_node_selector_json(task, selector)
    tolerations = given(names.name_for(profile, step, "tolerations"))
    if isinstance(tolerations, list):  # KFP's own way with a list loses tolerationSeconds
        for toleration in tolerations:
            seconds_ = {"toleration_seconds": toleration.pop("tolerationSeconds", None)}
            kubernetes.add_toleration(task, **toleration, **seconds_)
    elif tolerations:
        kubernetes.add_toleration_json(task, tolerations)
    if affinity := given(names.name_for(profile, step, "node_affinity")):
        kubernetes.add_node_affinity_json(task, affinity)


def _volumes(task: dsl.PipelineTask, step: str, profile: Profile, given: _Given) -> None:
    for name, volume in profile.volumes.items():
        kubernetes.mount_pvc(task, given(names.claim_name(name)), mount_path=volume.path)
    if shm := profile.steps.value(step, "shm"):
        kubernetes.empty_dir_mount(task, SHM, "/dev/shm", medium="Memory", size_limit=shm)
    if tmp := profile.steps.value(step, "tmp"):
        kubernetes.empty_dir_mount(task, TMP, "/tmp", size_limit=tmp)


def _variables(task: dsl.PipelineTask, step: str, profile: Profile) -> None:
    for variable, value in {
        **environment.plain(profile),
        **launched.variables(profile, step),
    }.items():
        task.set_env_variable(variable, value)
    for variable, path in IDENTITY.items():
        kubernetes.use_field_path_as_env(task, variable, path)


def _secrets(task: dsl.PipelineTask, profile: Profile, given: _Given) -> None:
    """Secrets go into the package by the names of their objects alone."""
    if secret := given("s3_secret"):
        kubernetes.use_secret_as_env(task, secret, environment.s3_keys(profile.s3))
    for variable, ref in profile.secrets.items():
        secret = given(names.secret_name(variable))
        kubernetes.use_secret_as_env(task, secret, {ref.key: variable})


def _images(task: dsl.PipelineTask, profile: Profile, given: _Given) -> None:
    if profile.images.pull_policy:
        kubernetes.set_image_pull_policy(task, profile.images.pull_policy)
    pulls = range(len(profile.images.pull_secrets))
    if pulls:
        secrets = [given(names.pull_name(index)) for index in pulls]
        kubernetes.set_image_pull_secrets(task, secrets)


def _patience(task: dsl.PipelineTask, step: str, profile: Profile) -> None:
    said = profile.steps.value(step, "timeout")
    launches = launched.launches(profile, step)
    if said:
        whole = launched.timeout(profile, said) if launches else seconds(said)
        kubernetes.set_timeout(task, whole)
    retries = profile.steps.value(step, "retries")
    if retries and retries.count:
        task.set_retry(
            retries.count,
            backoff_duration=retries.delay,
            backoff_factor=float(retries.factor),
            backoff_max_duration=launched.limit(profile, retries) if launches else retries.limit,
        )


def _pod(task: dsl.PipelineTask, profile: Profile, *, queued: bool) -> None:
    if profile.kueue and queued:
        kubernetes.add_pod_label(task, QUEUE_LABEL, profile.kueue.queue)
    who = profile.security
    if who and who.model_fields_set:
        kubernetes.set_security_context(
            task, run_as_user=who.user, run_as_group=who.group, run_as_non_root=who.non_root
        )
