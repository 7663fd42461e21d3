"""The bodies about second factors; a leaf as `schemas.py` is. What browsers make and take is not repeated here."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from pydantic.config import JsonDict

from app.fields import Ceremony, Code, CodeSetName, Credential, EnrolmentSecret, PasskeyName, Token, TrustDevice
from app.schemas import NOT_SAVED, Body, Message, WithAccount, examples

CODE_SET = "qk9o7nXqD2mVv1o0C4nLsg"  # an example
CEREMONY = "Jm3xQ0tq2mZ6bV1o8C4nLsgX7kYp5rT9uWvA0dEfGhI"  # an example
CREDENTIAL: JsonDict = {"id": "kqDmXQ0tq2mZ6bV1", "rawId": "kqDmXQ0tq2mZ6bV1", "type": "public-key", "response": {}}


class TotpSetup(WithAccount):
    """What an authenticator app needs; shown once."""

    secret: str = Field(
        description="160 bits in base 32, to type by hand.", examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"]
    )
    qr_code: str = Field(description="A PNG picture in base64.", examples=["iVBORw0KGgo="])
    otpauth_uri: str = Field(examples=["otpauth://totp/Pupero:alice%40example.com?secret=…&issuer=Pupero"])


class TotpConfirmation(Body):
    """The secret that `start` gave, and a code made from it."""

    model_config = examples({"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "code": "492039"})

    secret: EnrolmentSecret
    code: Code


class RecoveryCodeSet(BaseModel):
    """Ten ways back in without the device, each good once; shown once, so none where they were made before."""

    recovery_codes: list[str] = Field(examples=[["7Q2M-X0KD-9RWA-3TNE"]])
    code_set: str | None = Field(
        description="The name of the set, by which `POST /totp/recovery-codes/saved` knows it.", examples=[CODE_SET]
    )


class SavedCodes(Body):
    """The set of recovery codes that somebody has saved."""

    model_config = examples({"code_set": CODE_SET})

    code_set: CodeSetName


class TotpEnabled(Message, RecoveryCodeSet):
    """Two-factor authentication is on."""


class TotpStatus(BaseModel):
    """Whether there is a second factor, and how many recovery codes are left."""

    enabled: bool
    recovery_codes_left: int
    recovery_codes_saved: bool = Field(description=NOT_SAVED)


class Challenge(BaseModel):
    """What the browser is to answer, and what the answer is to come with."""

    ceremony: str = Field(examples=["Jm3xQ0tq2mZ6bV1o8C4nLsgX7kYp5rT9uWvA0dEfGhI"])
    options: dict[str, Any] = Field(
        description="PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON."
    )


class Passkey(BaseModel):
    """One of the account's passkeys, and where it was added."""

    id: str = Field(examples=["mZ0VtX2sQ3eJY0v5p8JkNw"])
    name: str = Field(examples=["My phone"])
    credential_id: str = Field(description="As browsers know it: for their signal API.", examples=["kqDmXQ0tq2mZ6bV1"])
    created_at: datetime
    last_used_at: datetime | None
    synced: bool = Field(description="Whether it can be on several devices; else it is bound to one.")
    label: str = Field(examples=["Firefox on Linux"])
    client_address: str = Field(examples=["203.0.113.7"])


class PasskeyList(BaseModel):
    """The account's passkeys, and as whose browsers know them: what their signal API is told goes by these names."""

    rp_id: str = Field(examples=["accounts.example.com"])
    user_handle: str = Field(examples=["bVowVnRYMnNRM2VKWTB2NXA4SmtOdw"])
    passkeys: list[Passkey]


class PasskeyAdded(Passkey, RecoveryCodeSet):
    """A passkey just added; with the first factor of an account come its recovery codes."""


class PasskeyProof(Body):
    """A passkey's answer to a challenge."""

    model_config = examples({"ceremony": CEREMONY, "credential": CREDENTIAL})

    ceremony: Ceremony
    credential: Credential


class PasskeyRename(Body):
    """What a passkey is called from now on."""

    model_config = examples({"name": "My phone"})

    name: PasskeyName


class PasskeyRegistration(PasskeyProof, PasskeyRename):
    """A new passkey's answer, and what it is called."""

    model_config = examples({"ceremony": CEREMONY, "credential": CREDENTIAL, "name": "My phone"})


class PasskeyLoginStart(Body):
    """Nothing, for a sign-in without a username; or the token that the password step gave."""

    model_config = examples({}, {"login_token": "eyJhbGciOiJIUzI1NiJ9.e30.signature"})

    login_token: Token | None = Field(default=None, description="From `totp_required` or `second_factor_required`.")


class PasskeyLogin(PasskeyProof, PasskeyLoginStart):
    """A passkey's answer that signs in."""

    model_config = examples(
        {"ceremony": CEREMONY, "credential": CREDENTIAL},
        {"ceremony": CEREMONY, "credential": CREDENTIAL, "login_token": "eyJhbGciOiJIUzI1NiJ9.e30.signature"},
    )

    remember_me: bool = False
    trust_device: TrustDevice = False


class PasskeyProofStart(Body):
    """Whether the password goes with the answer: then keys serve too that verify nobody."""

    model_config = examples({}, {"with_password": True})

    with_password: bool = False


class TrustedDevice(BaseModel):
    """A device on which the password alone signs in, and where it was when it became one."""

    id: str = Field(examples=["019ac9f1-4b3c-7d2a-9c1e-3f5a7b9d1e2f"])
    label: str = Field(examples=["Firefox on Linux"])
    client_address: str = Field(examples=["203.0.113.7"])
    created_at: datetime
    last_used_at: datetime | None = Field(description="When it last signed in without a code.")
    expires_at: datetime
