"""Who asks AWS, where, and what becomes of its errors."""

from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from tailmass.feeds.aws import AwsAccess, asking

OLD = "region = eu-west-1\naws_access_key_id = AKIA\naws_secret_access_key = s%cr=t:\n"


def test_a_file_of_2016_has_no_section(tmp_path: Path) -> None:
    file = tmp_path / "aws.conf"
    file.write_text(f"# ours\n{OLD}")
    assert AwsAccess.read(file) == AwsAccess("eu-west-1", "AKIA", "s%cr=t:")
    assert AwsAccess.read(file).at("eu-west-2", None).region == "eu-west-2"
    assert AwsAccess.read(file).client("cloudwatch").meta.region_name == "eu-west-1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OLD + "secret!\n", "has a line that is not 'name = value'"),
        (OLD.replace("region", "regoin"), "has no 'region'"),
        (OLD.partition("aws_secret")[0], "has no 'aws_secret_access_key'"),
        ("[default]\n" + OLD, "has no 'region'"),
        ("", "has no 'region'"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_without_its_secrets(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "aws.conf"
    file.write_text(text)
    with pytest.raises(ValueError, match=message) as refused:
        AwsAccess.read(file)
    assert "cr" not in str(refused.value).removeprefix(str(file)).replace("secret_access_key", "")


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that knows nothing of AWS."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize(
    ("access", "message"),
    [
        (AwsAccess(), "in which region"),
        (AwsAccess("eu-west-99"), "no region 'eu-west-99'"),
        (AwsAccess("nowhere"), "no region 'nowhere'"),
        (AwsAccess(profile="me"), r"profile \(me\) could not be found"),
        (AwsAccess("eu-west-1", endpoint_url="localhost"), "localhost"),
    ],
)
def test_where_and_who_has_to_be_known(access: AwsAccess, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        access.client("cloudwatch")


def refusal(code: str, status: int) -> ClientError:
    response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "ListMetrics")


THROTTLED, BROKEN = refusal("Throttling", 400), refusal("Unheard", 503)
FORBIDDEN = refusal("AccessDenied", 403)
GONE, UNKNOWN = EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), NoCredentialsError()


@pytest.mark.parametrize("error", [THROTTLED, BROKEN, GONE])
def test_what_may_work_later_is_an_error_of_the_connection(error: Exception) -> None:
    with pytest.raises(ConnectionError, match="AWS: "), asking():
        raise error


@pytest.mark.parametrize("error", [FORBIDDEN, UNKNOWN])
def test_what_is_refused_is_final_except_to_the_patient(error: Exception) -> None:
    with pytest.raises(ValueError, match="AWS: "), asking():
        raise error
    with pytest.raises(ConnectionError, match="AWS: "), asking(patient=True):
        raise error
