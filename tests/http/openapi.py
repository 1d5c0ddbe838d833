"""Holds answers against an OpenAPI document. Knows the part of JSON Schema that the document uses, and refuses to read
a schema with anything else in it, so that nothing is overlooked silently."""
import re

import yaml

IGNORED = {"description", "default"}
METHODS = {"get", "put", "post", "delete", "patch"}


class Mismatch(AssertionError):
    pass


def is_type(value, name):
    return {"object": lambda: isinstance(value, dict), "array": lambda: isinstance(value, list),
            "string": lambda: isinstance(value, str), "boolean": lambda: isinstance(value, bool),
            "null": lambda: value is None,
            "integer": lambda: isinstance(value, int) and not isinstance(value, bool)}[name]()


class Document:
    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.root = yaml.safe_load(file)
        self.operations = {}  # operationId -> (method, path, operation)
        for path_name, item in self.root["paths"].items():
            for method in METHODS & item.keys():
                operation = item[method]
                if operation["operationId"] in self.operations:
                    raise Mismatch(f"two operations are named {operation['operationId']}")
                self.operations[operation["operationId"]] = (method.upper(), path_name, operation)

    def resolve(self, node):
        while "$ref" in node:
            extra = set(node) - {"$ref"} - IGNORED
            if extra:
                raise Mismatch(f"{extra} beside a $ref")
            target = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def check(self, value, schema, where="$"):
        """Raises Mismatch unless the value is of the schema."""
        schema = self.resolve(schema)
        for keyword, wanted in schema.items():
            if keyword in IGNORED:
                continue
            check = getattr(self, "check_" + keyword, None)
            if check is None:
                raise Mismatch(f"{where}: the schema says {keyword}, which this test cannot check")
            check(value, wanted, schema, where)

    def require(self, holds, where, what):
        if not holds:
            raise Mismatch(f"{where}: {what}")

    def check_type(self, value, wanted, _, where):
        names = wanted if isinstance(wanted, list) else [wanted]
        self.require(any(is_type(value, name) for name in names), where, f"{value!r} is no {wanted}")

    def check_enum(self, value, wanted, _, where):
        self.require(value in wanted, where, f"{value!r} is none of {wanted}")

    def check_const(self, value, wanted, _, where):
        self.require(value == wanted and type(value) is type(wanted), where, f"{value!r} is not {wanted!r}")

    def check_pattern(self, value, wanted, _, where):
        self.require(not isinstance(value, str) or re.search(wanted, value), where, f"{value!r} is not like {wanted}")

    def check_minimum(self, value, wanted, _, where):
        self.require(not isinstance(value, int) or value >= wanted, where, f"{value} is below {wanted}")

    def check_maximum(self, value, wanted, _, where):
        self.require(not isinstance(value, int) or value <= wanted, where, f"{value} is above {wanted}")

    def check_minLength(self, value, wanted, _, where):
        self.require(not isinstance(value, str) or len(value) >= wanted, where, "is too short")

    def check_maxLength(self, value, wanted, _, where):
        self.require(not isinstance(value, str) or len(value) <= wanted, where, "is too long")

    def check_required(self, value, wanted, _, where):
        missing = set(wanted) - value.keys() if isinstance(value, dict) else set()
        self.require(not missing, where, f"{sorted(missing)} is missing")

    def check_properties(self, value, wanted, _, where):
        if isinstance(value, dict):
            for name in wanted.keys() & value.keys():
                self.check(value[name], wanted[name], f"{where}.{name}")

    def check_additionalProperties(self, value, wanted, schema, where):
        self.require(wanted is False, where, "additionalProperties is only understood as false")
        extra = value.keys() - schema.get("properties", {}).keys() if isinstance(value, dict) else set()
        self.require(not extra, where, f"{sorted(extra)} is not described")

    def check_items(self, value, wanted, _, where):
        if isinstance(value, list):
            for index, element in enumerate(value):
                self.check(element, wanted, f"{where}[{index}]")

    def check_oneOf(self, value, wanted, _, where):
        misfits = []
        for schema in wanted:
            try:
                self.check(value, schema, where)
            except Mismatch as mismatch:
                misfits.append(str(mismatch))
        self.require(len(wanted) - len(misfits) == 1, where,
                     f"fits {len(wanted) - len(misfits)} of the alternatives: {misfits}")

    def statuses(self, operation_id):
        """The statuses that the document names for the operation; not `default`."""
        return {int(status) for status in self.operations[operation_id][2]["responses"] if status != "default"}

    def response(self, operation_id, status):
        responses = self.operations[operation_id][2]["responses"]
        if str(status) not in responses:
            raise Mismatch(f"{operation_id} answered {status}, which is not in the document")
        return self.resolve(responses[str(status)])

    def content_schema(self, response, content_type, where):
        """The schema for a content type, or None if the document says there is no body."""
        content = response.get("content")
        if content is None:
            return None
        bare = content_type.split(";")[0].strip()
        for name, media in content.items():
            if name == bare or (name.endswith("/*") and bare.startswith(name[:-1])):
                return media["schema"]
        raise Mismatch(f"{where}: the content type is {content_type!r}, the document says {list(content)}")
