"""The environment of the stack's Lambda functions, with benchmarks.fake_aws in the place of AWS."""

from __future__ import annotations

from pathlib import Path


def lambda_environment(port: int, certificates: Path) -> dict[str, str]:
    """`port` and `certificates` are those of fake_aws. Our functions and the peers get the same
    environment."""
    url = f"https://127.0.0.1:{port}"
    certificate = str(certificates / "cert.pem")
    return {
        "AWS_ACCESS_KEY_ID": "AKIABENCHMARK",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_LAMBDA_FUNCTION_NAME": "status-publisher",
        "AWS_ENDPOINT_URL": url,
        "AWS_CA_BUNDLE": certificate,
        "REQUESTS_CA_BUNDLE": certificate,
        "SSL_CERT_FILE": certificate,
        "LAMBDA_TASK_ROOT": str(Path.cwd()),
        "_X_AMZN_TRACE_ID": "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
        "AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000",
        "APPSYNC_API_URL": f"{url}/graphql",
        "APPSYNC_API_ID": "benchmark",
        "STATUS_TABLE": "StatusTable",
        "USER_SESSIONS_TABLE": "UserSessions",
        "STATUS_PUBLISHER_FUNCTION": "status-publisher",
    }
