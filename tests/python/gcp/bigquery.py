"""The REST API of BigQuery, as far as the clients of the tests use it, and what each call needs.

Source: BigQuery REST reference v2, and "BigQuery IAM roles and permissions". Of SQL only `SELECT 1` and `SELECT … FROM` one table are read.
"""

import re

from .policy import Call, Need, error, not_found
from .token import CLOUD_PLATFORM

SCOPES = {"https://www.googleapis.com/auth/bigquery", CLOUD_PLATFORM}
NAME = re.compile(r"bigquery/v2/projects/([^/]+)/(?:(queries)|datasets(?:/([^/]+)(?:/(tables)(?:/([^/]+)(?:/(data))?)?)?)?)")
FROM = re.compile(r"SELECT\s+.*\sFROM\s+`?(?:([a-z0-9-]+)\.)?(\w+)\.(\w+)`?\s*", re.I | re.S)


class BigQuery:
    def __init__(self, project, datasets):
        """`datasets`: {dataset: {table: [cell]}}, tables of one column."""
        self.project = project
        self.datasets = datasets

    def read(self, method, path, _query, body):
        """The call that the request stands for, or None."""
        place = NAME.fullmatch(path)
        if not place:
            return None
        project, queries, dataset, tables, table, data = place.groups()
        above = f"//cloudresourcemanager.googleapis.com/projects/{project}"
        full = f"//bigquery.googleapis.com/projects/{project}/datasets/{dataset}" + (f"/tables/{table}" if table else "")
        call = lambda run, *needs: Call([Need(f"bigquery.{name}", on) for name, on in needs], SCOPES, run)
        if (method, queries) == ("POST", "queries"):
            return self._query(project, above, body.get("query", ""), call)
        known = project == self.project and (not dataset or dataset in self.datasets) and (not table or table in self.datasets[dataset])
        exists = lambda run: run if known else lambda: not_found(full)
        match (method, dataset, tables, table, data):
            case ("GET", None, *_):
                entries = [self._dataset(name) for name in self.datasets]
                return call(lambda: (200, {"kind": "bigquery#datasetList", "datasets": entries}), ("datasets.get", above))
            case ("GET", _, None, *_):
                return call(exists(lambda: (200, self._dataset(dataset))), ("datasets.get", full))
            case ("GET", _, _, None, None):
                listed = lambda: [self._table(dataset, name) for name in self.datasets[dataset]]
                return call(exists(lambda: (200, {"kind": "bigquery#tableList", "tables": listed()})), ("tables.list", full))
            case ("GET", _, _, _, None):
                return call(exists(lambda: (200, self._table(dataset, table))), ("tables.get", full))
            case ("GET", _, _, _, _):
                return call(exists(lambda: (200, self._rows(self.datasets[dataset][table]))), ("tables.getData", full))
            case ("DELETE", _, _, _, None) if table:
                return call(exists(lambda: (204, self.datasets[dataset].pop(table) and b"")), ("tables.delete", full))
        return None

    def _query(self, project, above, text, call):
        job = ("jobs.create", above)
        if text.strip().upper() == "SELECT 1":
            return call(lambda: (200, self._rows(["1"])), job)
        source = FROM.fullmatch(text.strip())
        if not source:
            return call(lambda: error(400, "INVALID_ARGUMENT", "this double does not read the query"), job)
        _, dataset, table = source.groups()
        owner = source[1] or project
        rows = self.datasets.get(dataset, {}).get(table) if owner == self.project else None
        resource = f"//bigquery.googleapis.com/projects/{owner}/datasets/{dataset}/tables/{table}"
        run = lambda: not_found(resource) if rows is None else (200, self._rows(rows))
        return call(run, job, ("tables.getData", resource))

    def _dataset(self, name):
        reference = {"projectId": self.project, "datasetId": name}
        return {"kind": "bigquery#dataset", "id": f"{self.project}:{name}", "datasetReference": reference, "location": "EU"}

    def _table(self, dataset, name):
        reference = {"projectId": self.project, "datasetId": dataset, "tableId": name}
        schema = {"fields": [{"name": "cell", "type": "STRING"}]}
        return {"kind": "bigquery#table", "id": f"{self.project}:{dataset}.{name}", "tableReference": reference, "type": "TABLE",
                "schema": schema, "numRows": str(len(self.datasets[dataset][name]))}

    def _rows(self, cells):
        return {"kind": "bigquery#queryResponse", "jobComplete": True, "totalRows": str(len(cells)),
                "schema": {"fields": [{"name": "cell", "type": "STRING"}]}, "rows": [{"f": [{"v": cell}]} for cell in cells],
                "jobReference": {"projectId": self.project, "jobId": "job-1", "location": "EU"}}
