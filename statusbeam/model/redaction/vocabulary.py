"""Words next to secrets that are not secrets, in the languages of the patterns."""

from __future__ import annotations

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


STOPS: Final = words(
    """
    a able about above absent abcdef accepted access active added after again all allowed already also
    always an and any anything are as asked at authentication auth available await async bad basic be bearer
    because been before being below between blank blocked bool boolean both broken but by bytes called can
    cannot case change char checked compromised confidential configured confirmed correct create created
    critical current custom deactivated default defined delete denied depends deprecated derived describe
    description did different digest disabled do does done down due each easy either empty enabled encoded
    encrypted enough enter error every exists expired expires exposed external fail failed fails false field
    fine float for forbidden forgotten format found free from full function generated get given gone good
    granted had handled hard has hashed have hello here hidden how i id if ignored important in incorrect
    info input inside int integer internal invalid is it its json key known lambda last late leaked left
    less like list local locked lock long lost low made mandatory masked match matches may me method min
    minimum mine missing mode more most must my n/a name needed needs never new next nil no nobody none not
    nothing now null number object obsolete of off ok okay old omitted on once one only open optional or
    other our out outdated over own padding part pass passed passphrase passwd password passwords path
    pending per please possible present private problem protected provided public random read ready real
    really redacted refused rejected removed reset required reserved returned revoked right role rotated
    safe same saved secret secrets secretstr secure see sensitive sent set shared short should shown so some
    something sometimes soon special still stale stolen stored str string strong such supplied supported
    taken text than that the their them then there these they this to token tokens too true two type typed
    undefined unique unknown unset until updated use used user useless username uuid val valid value varchar
    verified very void wanted was we weak well what when where whether which who why will with within
    without word wrong yes yesterday you your today tomorrow unchanged changed visible hash hashes strict
    medium high simple complex managers manager sha md5 bcrypt argon2 oauth oauth2 jwt saml iam aws ntlm
    kerberos service cluster signed unsigned printed identical equal option options flag flags argument
    arguments parameter parameters unsupported unauthorized redirect click email e-mail mail sms phone
    interactive keyboard readonly date time timestamp none-given guest vault keychain env environment ist
    nicht falsch richtig leer neu alt sehr zu abgelaufen gesperrt notwendig lang kurz geheim unbekannt
    bereits und oder est pas trop vide requis incorrecte expiré oublié obligatoire secrète muy demasiado
    vacía incorrecta la el errata scaduta troppo não obrigatória muito uma um una un le les de des du der
    die das den dem
    """
)
"""Words that stand where a secret might."""

DESCRIBING: Final = words(
    """
    the a an of your user's users must should is are was for and with to that this if required at least
    characters password token key field value enter not optional from when be in can or has mot passe der
    die das le la el invalid please
    """
)
"""Words of a sentence about a secret."""

NO_PLAIN_ENDS: Final = (
    *("ed", "ing", "ly", "able", "ible", "less", "tion", "sion", "ment", "ness", "ity", "ive", "ous"),
    *("ers", "lich", "ig", "isch", "ung", "ated", "ized", "ised", "ical", "ance", "ence", "ship"),
)
"""Endings of words that describe a state."""
