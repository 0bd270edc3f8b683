from tailmass.results import Category

CATEGORY = Category(3, "User logged in", ".*?User.+?logged.+?in.*", 55, ("User a logged in", "User b logged in"))


def test_clients_of_the_engine_api_see_no_length() -> None:
    assert CATEGORY.document() == {
        "categoryId": 3,
        "terms": "User logged in",
        "regex": ".*?User.+?logged.+?in.*",
        "examples": ["User a logged in", "User b logged in"],
    }


def test_the_native_version_tells_the_longest() -> None:
    assert CATEGORY.document(native=True)["maxMatchingLength"] == 55
