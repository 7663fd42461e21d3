"""Recovery codes: those of the first factor, new ones, and whether their owner has saved them.

Their hashes are made before the transaction that keeps them, and wait in the queue of passwords once for all ten.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from app import auth, errors
from app.clients.addresses import Client
from app.crud import accounts, second_factors
from app.crud.accounts import Account
from app.crud.second_factors import NO_CODES, CodesState
from app.crud.sessions import Principal
from app.factor_schemas import RecoveryCodeSet
from app.passwords.fair_queue import party_of
from app.resources import Resources
from app.runtime.logs import log_event
from app.schemas import Proof as ProofBody
from app.secrets.recovery_codes import make_codes
from app.services.consequences import conclude
from app.services.proofs import Proof, begin_change
from app.services.reauthentication import prove_for

NONE_SHOWN = RecoveryCodeSet(recovery_codes=[], code_set=None)


@dataclass(frozen=True)
class CodeSet:
    """Codes that nobody has yet, and what is kept of them."""

    name: str
    codes: list[str]
    salt: str
    hashes: list[bytes]


async def look_at_codes(resources: Resources, account: Account) -> CodesState:
    """Count the codes that are left, and see whether their owner has them."""
    if not account.has_factor:
        return NO_CODES
    return await resources.database.read(find_codes, account)


def find_codes(connection: Connection, account: Account) -> CodesState:
    """Look up what is left of an account's codes; without a factor there are none."""
    return second_factors.look_at_recovery_codes(connection, account.id) if account.has_factor else NO_CODES


async def make_first_codes(resources: Resources, principal: Principal, client: Client) -> CodeSet | None:
    """Make the codes that come with the first factor of an account; none where there is a factor already."""
    return None if principal.account.has_factor else await _make_set(resources, client)


async def _make_set(resources: Resources, client: Client) -> CodeSet:
    codes, salt, hasher = make_codes(), resources.code_hasher.make_salt(), resources.code_hasher
    async with resources.hashes.place(party_of(client.address, known=True)):
        hashes = await resources.hashes.run(lambda: [hasher.hash(auth.normalize_code(code), salt) for code in codes])
    return CodeSet(auth.make_id(), codes, salt, hashes)


def keep_codes(connection: Connection, principal: Principal, codes: CodeSet) -> RecoveryCodeSet:
    """Keep the hashes in place of those before, and return what their owner sees this once."""
    second_factors.replace_recovery_codes(connection, principal.account.id, codes.hashes, codes.salt, codes.name)
    return RecoveryCodeSet(recovery_codes=codes.codes, code_set=codes.name)


def codes_in(shown: RecoveryCodeSet) -> Mapping[str, str | None]:
    """Note for "this was not me" whether codes came with a factor."""
    return {"codes": "new" if shown.recovery_codes else None}


async def make_recovery_codes(
    resources: Resources, principal: Principal, body: ProofBody | None, client: Client
) -> RecoveryCodeSet:
    """Replace the recovery codes."""
    if not principal.account.has_factor:
        raise errors.TotpNotEnabled
    proof = await prove_for(resources, principal, "recovery_codes.replaced", body, client)
    codes = await _make_set(resources, client)
    shown = await resources.database.transaction(_replace_codes, resources, principal, proof, codes, client)
    log_event("recovery_codes_made", "success", user_id=principal.account.public_id)
    return shown


def _replace_codes(  # noqa: PLR0913, PLR0917 which codes of whom, by which proof
    connection: Connection,
    resources: Resources,
    principal: Principal,
    proof: Proof | None,
    codes: CodeSet,
    client: Client,
) -> RecoveryCodeSet:
    begin_change(connection, principal, proof)
    person = accounts.get_addressee(connection, principal.account.id)
    if person is None or not person.has_factor:
        raise errors.TotpNotEnabled
    conclude(connection, resources, "recovery_codes.replaced", person, client)
    return keep_codes(connection, principal, codes)


async def note_saved(resources: Resources, principal: Principal, set_name: str) -> None:
    """Note that somebody has saved a set of codes; of one that was replaced meanwhile, it says nothing of the new."""
    await resources.database.transaction(second_factors.note_saved_codes, principal.account.id, set_name)
