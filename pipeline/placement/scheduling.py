"""Where a pod may run: tolerations and node affinity, in Kubernetes' own words.

The keys are Kubernetes' own, since this is what users paste from other manifests.
"""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from pipeline.placement.names import LabelKey, LabelValue
from pipeline.placement.section import Clash, Section

_NO_PODS = "KFP can't place a pod by other pods; use nodeAffinity, or taints and tolerations"


class Toleration(Section):
    """A taint that the step's pod puts up with."""

    key: LabelKey | None = None
    operator: Literal["Exists", "Equal"] = "Equal"
    value: LabelValue = ""
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    tolerationSeconds: int | None = None

    @model_validator(mode="after")
    def _together(self):
        problems = []
        if self.operator == "Exists" and self.value:
            problems.append((["value"], "must be left out with operator Exists"))
        if self.key is None and self.operator == "Equal":
            problems.append((["key"], "must be given, unless operator is Exists (every taint)"))
        if self.tolerationSeconds is not None and self.effect != "NoExecute":
            problems.append((["tolerationSeconds"], "is for the effect NoExecute alone"))
        if problems:
            raise Clash(problems)
        return self


class Requirement(Section):
    """What a label of the node must be."""

    key: LabelKey
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"]
    values: list[LabelValue] = Field(default_factory=list)

    @model_validator(mode="after")
    def _together(self):
        if self.operator in ("In", "NotIn") and not self.values:
            raise Clash([(["values"], f"must be given with operator {self.operator}")])
        if self.operator in ("Exists", "DoesNotExist") and self.values:
            raise Clash([(["values"], f"must be left out with operator {self.operator}")])
        one = len(self.values) == 1 and self.values[0].isdigit()
        if self.operator in ("Gt", "Lt") and not one:
            raise Clash([(["values"], f'must be one whole number with {self.operator}, as ["8"]')])
        return self


class FieldRequirement(Section):
    """What the node's name must be; Kubernetes knows no other field."""

    key: Literal["metadata.name"]
    operator: Literal["In", "NotIn"]
    values: list[LabelValue] = Field(min_length=1, max_length=1)


class Term(Section):
    """Requirements that must all hold."""

    matchExpressions: list[Requirement] = Field(default_factory=list)
    matchFields: list[FieldRequirement] = Field(default_factory=list)

    @model_validator(mode="after")
    def _some(self):
        if not self.matchExpressions and not self.matchFields:
            raise ValueError("must hold matchExpressions or matchFields: empty, it matches no node")
        return self


class Preference(Section):
    """A term that speaks for a node, the more so the heavier."""

    weight: int = Field(ge=1, le=100)
    preference: Term


class Terms(Section):
    """Terms of which one must hold."""

    nodeSelectorTerms: list[Term] = Field(min_length=1)


class NodeAffinity(Section):
    """The nodes that a pod must have, and those it had better have."""

    requiredDuringSchedulingIgnoredDuringExecution: Terms | None = None
    preferredDuringSchedulingIgnoredDuringExecution: list[Preference] = Field(default_factory=list)


class Affinity(Section):
    """The part of a pod's affinity that KFP can set."""

    refused: ClassVar[dict[str, str]] = dict.fromkeys(("podAffinity", "podAntiAffinity"), _NO_PODS)

    nodeAffinity: NodeAffinity | None = Field(
        None, description="nodes that the pod must or had better have, as in a pod's manifest"
    )
