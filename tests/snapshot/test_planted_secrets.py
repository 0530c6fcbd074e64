"""Secrets planted in every place go; ordinary values that look like them stay."""

from __future__ import annotations

import json

import pytest

from k2cr_analysis.snapshot.redaction.redact import redact

P = "Zx9pl4ntQ7"


def pod(**c):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "a", "image": "i", **c}]},
    }


def env(n, v):
    return pod(env=[{"name": n, "value": v}])


def cm(k, v):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {k: v}}


TAKE = {
    "int password arg": (pod(args=["--password", "48151623"]), "48151623"),
    "int password eq": (pod(args=["--password=48151623"]), "48151623"),
    "requirepass cmd": (pod(command=["redis-server", "--requirepass", P]), P),
    "requirepass conf": (cm("redis.conf", f"maxmemory 100mb\nrequirepass {P}\n"), P),
    "masterauth": (cm("redis.conf", f"masterauth {P}\n"), P),
    "pin": (env("ADMIN_PIN", "4815"), "4815"),
    "license": (env("NEW_RELIC_LICENSE_KEY", P + "aaaabbbbcccc"), P),
    "license2": (env("LICENSE", f"{P}-AAAA-BBBB"), P),
    "image userinfo": (pod(image=f"https://bob:{P}@reg.example.com/a:1"), P),
    "image userinfo2": (
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a"},
            "spec": {"containers": [{"name": "a", "image": f"bob:{P}@reg.example.com/a:1"}]},
        },
        P,
    ),
    "csv": (cm("users.csv", f"user,password\nbob,{P}\n"), P),
    "usermap": (cm("users.yaml", f"users:\n  bob: {P}\n"), P),
    "users conf": (cm("users.properties", f"bob={P}\n"), P),
    "htpasswd": (cm("auth", f"bob:$apr1$abc$def{P}\n"), P),
    "pgpass": (cm(".pgpass", f"db:5432:*:bob:{P}\n"), P),
    "netrc": (cm(".netrc", f"machine x login bob password {P}\n"), P),
    "url": (env("DATABASE_URL", f"postgres://u:{P}@h/db"), P),
    "bearer": (pod(args=["-H", f"Authorization: Bearer {P}"]), P),
    "curl -u": (pod(args=["curl", "-u", f"bob:{P}", "http://x"]), P),
    "mysql -p": (pod(command=["sh", "-c", f"mysql -uroot -p{P} -e 'x'"]), P),
    "sql": (cm("init.sql", f"CREATE USER bob IDENTIFIED BY '{P}';"), P),
    "psql": (cm("init.sql", f"ALTER ROLE bob WITH PASSWORD '{P}';"), P),
    "ldif": (cm("a.ldif", f"userPassword: {P}\n"), P),
    "int env": (
        {"apiVersion": "apps/v1", "kind": "X", "metadata": {"name": "a"}, "spec": {"password": 48151623}},
        "48151623",
    ),
    "ini": (cm("a.ini", f"[db]\npassword = {P}\n"), P),
    "xml": (cm("a.xml", f"<password>{P}</password>"), P),
    "json": (cm("a.json", json.dumps({"db": {"pass": P}})), P),
    "hcl": (cm("a.hcl", f'token = "{P}"'), P),
    "annotation": (
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "annotations": {"x/api-token": P}}, "spec": {}},
        P,
    ),
    "probe header": (
        pod(livenessProbe={"httpGet": {"path": "/", "httpHeaders": [{"name": "X-Api-Key", "value": P}]}}),
        P,
    ),
    "query": (env("HOOK", f"https://h/x?token={P}"), P),
    "slack": (env("HOOK", "https://hooks.slack.com/services/T000/B000/" + P + "abcdefgh"), P),
    "rails": (env("SECRET_KEY_BASE", P), P),
    "passphrase": (env("SSH_PASSPHRASE", P), P),
    "otp": (env("OTP_SEED", P), P),
    "salt": (env("PASSWORD_SALT", P), P),
    "cookie": (env("RABBITMQ_ERLANG_COOKIE", P), P),
    "dsn": (env("SENTRY_DSN", f"https://{P}@sentry.io/1"), P),
    "jdbc": (env("JDBC", f"jdbc:mysql://h/db?user=a&password={P}"), P),
    "odbc": (env("CS", f"Server=h;Uid=a;Pwd={P};"), P),
    "azure": (env("CS", f"AccountName=a;AccountKey={P}==;"), P),
    "java -D": (pod(args=[f"-Ddb.password={P}"]), P),
    "docker": (cm("config.json", json.dumps({"auths": {"r": {"auth": P}}})), P),
}
KEEP = {
    "serde": (
        env("KAFKA_DEFAULT_KEY_SERDE", "org.apache.kafka.common.serialization.Serdes$StringSerde"),
        "StringSerde",
    ),
    "-u url": (pod(args=["-u", "http://host:8080"]), "http://host:8080"),
    "quota": (
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": {"name": "a"},
            "spec": {"hard": {"secrets": "10", "count/secrets": "20"}},
        },
        "10",
    ),
    "extsecret": (
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": {"name": "a"},
            "spec": {"data": [{"secretKey": "password", "remoteRef": {"key": "prod/db"}}]},
        },
        "password",
    ),
    "code": (
        cm("a.py", "def login(password):\n    token = get_token(password)\n    return token\n"),
        "get_token(password)",
    ),
    "js": (cm("a.js", "const password = process.env.PASSWORD;\n"), "process.env.PASSWORD"),
    "go": (cm("a.sh", 'export PASSWORD="${DB_PASSWORD}"\n'), "${DB_PASSWORD}"),
    "path": (env("PASSWORD_FILE", "/run/secrets/db"), "/run/secrets/db"),
    "ttl": (env("TOKEN_TTL", "3600"), "3600"),
    "bool": (env("ALLOW_EMPTY_PASSWORD", "yes"), "yes"),
    "keyname": (env("SSL_KEY_ALIAS", "server"), "server"),
    "url": (env("TOKEN_URL", "https://oauth2.googleapis.com/token"), "oauth2.googleapis.com"),
    "partition": (env("PARTITION_KEY", "user_id"), "user_id"),
    "secretName": (pod(volumeMounts=[{"name": "secrets", "mountPath": "/secrets"}]), "/secrets"),
    "policy": (env("PASSWORD_POLICY", "strong"), "strong"),
    "len": (env("MIN_PASSWORD_LENGTH", "12"), "12"),
    "deser": (
        env("SPRING_KAFKA_CONSUMER_KEY_DESERIALIZER", "org.apache.kafka.common.serialization.StringDeserializer"),
        "StringDeserializer",
    ),
    "author": (env("AUTHOR", "Jane Doe"), "Jane Doe"),
    "auth mode": (env("AUTH_TYPE", "oauth2"), "oauth2"),
    "pinned": (env("PIN_CPU", "true"), "true"),
    "pingpath": (env("PING_PATH", "/ping"), "/ping"),
    "license name": (
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "labels": {"license": "apache-2.0"}}, "spec": {}},
        "apache-2.0",
    ),
}


@pytest.mark.parametrize("place", TAKE)
def test_a_planted_secret_is_taken(place):
    obj, secret = TAKE[place]
    assert secret in json.dumps(obj) and secret not in json.dumps(redact(obj, "secrets")[0])


@pytest.mark.parametrize("place", KEEP)
def test_an_ordinary_value_stays(place):
    obj, value = KEEP[place]
    assert value in json.dumps(redact(obj, "secrets")[0])
