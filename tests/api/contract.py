"""The contract's tables as data: every path and method, every field and every code. Names here never change."""

CALLS = {
    "/workspaces": {"GET"},
    "/workspaces/{workspace}": {"GET", "PATCH"},
    "/workspaces/{workspace}/members": {"GET"},
    "/workspaces/{workspace}/members/{member}": {"GET", "PATCH", "DELETE"},
    "/workspaces/{workspace}/members/bulk": {"POST"},
    "/workspaces/{workspace}/members/{member}/seats": {"GET"},
    "/workspaces/{workspace}/members/{member}/seats/{product}": {"PUT", "DELETE"},
    "/workspaces/{workspace}/invitations": {"GET", "POST"},
    "/workspaces/{workspace}/invitations/bulk": {"POST"},
    "/workspaces/{workspace}/invitations/{invitation}": {"GET", "PATCH"},
    "/workspaces/{workspace}/invitations/{invitation}/resend": {"POST"},
    "/workspaces/{workspace}/invitations/{invitation}/revoke": {"POST"},
    "/workspaces/{workspace}/invitations/{invitation}/deliveries": {"GET"},
    "/workspaces/{workspace}/subscription": {"GET"},
    "/workspaces/{workspace}/seats": {"GET"},
    "/workspaces/{workspace}/seats/{product}": {"PATCH"},
    "/workspaces/{workspace}/audit-events": {"GET"},
    "/workspaces/{workspace}/api-keys": {"GET", "POST"},
    "/workspaces/{workspace}/api-keys/{key}": {"DELETE"},
    "/workspaces/{workspace}/entitlements/{product}": {"GET"},
}
