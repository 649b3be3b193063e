"""How a test drives a run: its state, and that of its tasks as the real server shows them."""

import uuid

from tests.kfp_server import specs
from tests.kfp_server.server import KfpServer
from tests.kfp_server.state import ENDED, JSON


class DrivenServer(KfpServer):
    """A server whose runs go on as the test says."""

    def finish(self, run_id: str, state: str, error: str = "") -> None:
        """Ends a run; its steps stay as they are."""
        with self.lock:
            run = self.state.runs[run_id]
            self._set(run, state, error)
            run["finished_at"] = self.state.now()

    def task(self, run_id: str, name: str, state: str, error: str = "") -> None:
        """Brings a step into a state; with its driver and its pod, as the real server has them.

        Args:
            run_id: the run; one that waits begins to run.
            name: the step.
            state: a runtime state such as RUNNING.
            error: what the API tells of a failed pod; it stands at the pod, not at the step.
        """
        with self.lock:
            run = self.state.runs[run_id]
            if run["state"] == "PENDING":
                self._set(run, "RUNNING", "")
                self._task(run_id, f"{run['display_name']}-abcde", "RUNNING")
                self._task(run_id, "root-driver", "SUCCEEDED")
                self._task(run_id, "root", "RUNNING")
            task = self._task(run_id, name, state)
            if state != "SKIPPED":
                self._task(run_id, f"{name}-driver", "SUCCEEDED")
                pod = self._task(run_id, "executor", state, error, parent=task["task_id"])
                task["child_tasks"] = [{"pod_name": pod["task_id"]}]

    def advance(self, run_id: str) -> str:
        """Takes a run one step on: the running step ends and the next one starts.

        Returns:
            The state of the run: SUCCEEDED after the last step.
        """
        with self.lock:
            run = self.state.runs[run_id]
            states = {t["display_name"]: t["state"] for t in self._tasks(run)}
            for name in specs.steps(run):
                if states.get(name) == "RUNNING":
                    self.task(run_id, name, "SUCCEEDED")
                elif states.get(name) not in ENDED:
                    self.task(run_id, name, "RUNNING")
                    return run["state"]
            self.finish(run_id, "SUCCEEDED")
            return run["state"]

    def trigger(self, recurring_id: str) -> JSON:
        """Starts a run for a recurring run, as its cron would."""
        with self.lock:
            recurring = self.state.recurring[recurring_id]
            kept = ("pipeline_spec", "runtime_config", "experiment_id", "service_account")
            asked = {key: recurring[key] for key in kept if key in recurring}
            name = f"{recurring['display_name']}-{len(self.state.runs)}"
            run = self.state.add_run(
                {**asked, "display_name": name, "recurring_run_id": recurring_id}
            )
            self._set(run, "RUNNING", "")
            return run

    def _set(self, run: JSON, state: str, error: str) -> None:
        run["state"] = state
        entry: JSON = {"update_time": self.state.now(), "state": state}
        if error:
            run["error"] = entry["error"] = {"code": 1, "message": error}
        run["state_history"].append(entry)

    def _tasks(self, run: JSON) -> list[JSON]:
        return run.setdefault("run_details", {}).setdefault("task_details", [])

    def _task(self, run_id: str, name: str, state: str, error: str = "", parent: str = "") -> JSON:
        tasks = self._tasks(self.state.runs[run_id])
        same = (
            t for t in tasks if t["display_name"] == name and t.get("parent_task_id", "") == parent
        )
        task = next(same, None)
        if task is None:
            task = {
                "run_id": run_id,
                "task_id": str(uuid.uuid4()),
                "display_name": name,
                "create_time": self.state.now(),
                "start_time": self.state.now(),
                "state_history": [],
            }
            if parent:
                task["parent_task_id"] = parent
            tasks.append(task)
        entry: JSON = {"update_time": self.state.now(), "state": state}
        if error:
            entry["error"] = task["error"] = {"code": 1, "message": error}
        task["state"] = state
        task["state_history"].append(entry)
        if state in ENDED:
            task["end_time"] = self.state.now()
        return task
