"""View tokens: made by apps with their own login, checked by the authorizer."""

from .view_tokens import ViewClaims, ViewTokenKeys, mint_view_token, verify_view_token

__all__ = ["ViewClaims", "ViewTokenKeys", "mint_view_token", "verify_view_token"]
