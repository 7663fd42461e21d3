"""Every query of the backend; each function takes a connection and belongs inside `Database.read` or `.transaction`."""

from app.crud.accounts import (
    Addressee,
    Credentials,
    delete_user,
    find_addressee,
    find_credentials,
    find_taken,
    get_addressee,
    hold_credentials,
    hold_user,
    insert_user,
    replace_hash,
    update_user,
)
from app.crud.attempts import forget_addresses, is_known_address, note_address
from app.crud.mails import measure_mail_queue
from app.crud.operations import current_time, get_revision, spend_token
from app.crud.passkeys import (
    CEREMONY_LIFETIME,
    PASSKEYS_MAX,
    PasskeyRow,
    count_passkeys,
    find_passkey,
    get_passkey,
    insert_ceremony,
    insert_passkey,
    list_passkeys,
    remove_factors,
    remove_passkey,
    remove_passkeys_since,
    rename_passkey,
    take_ceremony,
    use_passkey,
)
from app.crud.second_factors import (
    ENROLMENT_LIFETIME,
    count_recovery_codes,
    disable_totp,
    drop_enrolment,
    enable_totp,
    get_enrolment,
    hand_enrolment_over,
    has_recovery_code,
    replace_enrolment,
    replace_recovery_codes,
    spend_recovery_code,
    spend_totp_step,
    take_enrolment,
    void_recovery_codes,
)
from app.crud.secrets import count_unreadable_secrets
from app.crud.sessions import (
    Principal,
    SessionRow,
    end_own_session,
    end_session,
    end_sessions,
    end_surplus,
    get_principal,
    hold_session,
    insert_session,
    list_sessions,
    make_others_stale,
    rotate_session,
    touch_session,
)
from app.crud.sweeping import EXPIRIES, delete_expired, delete_unconfirmed, list_slices, take_turn
