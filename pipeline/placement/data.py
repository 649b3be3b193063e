"""What the steps reach: volumes, S3, and values in Secrets."""

from typing import ClassVar

from pydantic import Field, model_validator

from pipeline.placement.names import Claim, Name, Region, SecretKey
from pipeline.placement.places import Endpoint, MountPath
from pipeline.placement.section import Clash, Section


class Volume(Section):
    """A claim of the namespace, mounted into every step."""

    refused: ClassVar[dict[str, str]] = {
        "read_only": "KFP mounts claims for writing; make the claim itself ReadOnlyMany"
    }

    claim: Claim = Field(description="the PersistentVolumeClaim; it must be there")
    path: MountPath = Field(description="where every step sees it")


class Keys(Section):
    """What the keys in the Secret are called."""

    access_key: SecretKey = Field("AWS_ACCESS_KEY_ID", description="its key for the access key")
    secret_key: SecretKey = Field("AWS_SECRET_ACCESS_KEY", description="... the secret key")
    session_token: SecretKey | None = Field(None, description="... the session token")


class S3(Section):
    """Where the steps find S3."""

    endpoint: Endpoint | None = Field(None, description="a server other than Amazon's")
    region: Region | None = Field(None, description="the region")
    secret: Name | None = Field(
        None, description="the Secret with the keys; unset, the pod's own identity serves"
    )
    keys: Keys = Field(default_factory=Keys, description="what the Secret's keys are called")

    @model_validator(mode="after")
    def _together(self):
        if "keys" in self.model_fields_set and not self.secret:
            raise Clash([(["secret"], "must be given with keys, which are of that Secret")])
        return self


class SecretRef(Section):
    """A value in a Secret of the namespace."""

    secret: Name = Field(description="the Secret")
    key: SecretKey = Field(description="the key in it")
