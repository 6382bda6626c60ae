"""View tokens: minted by apps with their own login, verified by the authorizer."""

from .claims import ViewClaims
from .keys import ViewTokenKeys
from .view_tokens import mint_view_token, verify_view_token

__all__ = ["ViewClaims", "ViewTokenKeys", "mint_view_token", "verify_view_token"]
