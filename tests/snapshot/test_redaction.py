"""Secrets never enter a snapshot, wherever they stand; ordinary values stay, since a spec needs them."""

from __future__ import annotations

import base64
import json

import pytest
import yaml

from k2cr_analysis.snapshot.redaction.redact import looks_secret, redact

SECRET = "s3cr3t-Zq81-planted"
CONTAINER = "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: [{name: c, image: i, %s}]}}"
ANNOTATED = "{apiVersion: v1, kind: Service, metadata: {name: s, annotations: {%s}}}"
CONFIG_MAP = "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}, data: {%s}}"
CUSTOM = "{apiVersion: example.com/v1, kind: Thing, metadata: {name: t}, spec: {%s}}"


def env(name, value):
    return CONTAINER % f"env: [{{name: {name}, value: {json.dumps(value)}}}]"


def args(*words):
    return CONTAINER % f"args: {json.dumps(words)}"


def file(name, text):
    return CONFIG_MAP % f"{json.dumps(name)}: {json.dumps(text)}"


def note(key, value):
    return ANNOTATED % f"{json.dumps(key)}: {json.dumps(value)}"


PLANTED = {
    "Secret data": f"{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, data: {{a: {SECRET}}}}}",
    "Secret stringData": f"{{apiVersion: v1, kind: Secret, metadata: {{name: s}}, stringData: {{a: {SECRET}}}}}",
    "Secret annotation": f"{{apiVersion: v1, kind: Secret, metadata: {{name: s, annotations: {{password: {SECRET}}}}}}}",
    "SealedSecret": f"{{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, spec: {{encryptedData: {{a: {SECRET}}}}}}}",
    "Secret inside a template": CUSTOM % f"resources: [{{kind: Secret, apiVersion: v1, stringData: {{a: {SECRET}}}}}]",
    "managedFields": f"{{apiVersion: v1, kind: Pod, metadata: {{managedFields: [{{fieldsV1: {{x: {SECRET}}}}}]}}}}",
    "applied copy": note("kubectl.kubernetes.io/last-applied-configuration", f'{{"spec":"{SECRET}"}}'),
    "applied copy in a template": "{apiVersion: apps/v1, kind: Deployment, spec: {template: {metadata: {annotations: "
    f"{{kubectl.kubernetes.io/last-applied-configuration: '{SECRET}'}}}}}}}}}}",
    "env PASSWORD": env("PASSWORD", SECRET),
    "env lower case": env("db.password", SECRET),
    "env CamelCase": env("dbPassword", SECRET),
    "env without separators": env("MYSQLPASSWORD", SECRET),
    "env _PASS": env("SMTP_PASS", SECRET),
    "env _PWD": env("DB_PWD", SECRET),
    "env API_KEY": env("API_KEY", SECRET),
    "env numbered": env("API_KEY_2", SECRET),
    "env APIKEY": env("APIKEY", SECRET),
    "env AUTH": env("REDIS_AUTH", SECRET),
    "env DSN": env("SENTRY_DSN", f"https://{SECRET}@o1.ingest.sentry.io/2"),
    "env SECRET_KEY_BASE": env("SECRET_KEY_BASE", SECRET),
    "env credentials": env("AWS_CREDENTIALS", SECRET),
    "env with a number": env("DB_PASSWORD", "918273645"),
    "env secret with a blank": env("PASSWORD", f"two words {SECRET}"),
    "URL": env("DB_URL", f"postgres://u:{SECRET}@db:5432/x"),
    "URL in upper case": env("DB_URL", f"POSTGRES://u:{SECRET}@db:5432/x"),
    "URL without a user": env("REDIS_URL", f"redis://:{SECRET}@cache:6379"),
    "URL password with @": env("U", f"amqp://u:p@{SECRET}@mq:5672"),
    "URL password with /": env("U", f"amqp://u:p/{SECRET}@mq:5672"),
    "URL query": env("U", f"https://host/path?user=a&token={SECRET}&x=1"),
    "several hosts": env("MONGO_URL", f"mongodb://u:{SECRET}@a:27017,b:27017/db?replicaSet=rs"),
    "DSN without scheme": env("DATA", f"root:{SECRET}@tcp(mysql:3306)/db"),
    "DSN with a port": env("DATA", f"root:{SECRET}@mysql:3306/db"),
    "key value DSN": env("DATA", f"host=db user=app password={SECRET} dbname=x"),
    "connection string with a user": env("MONGO_CONNECTION_STRING", f"mongodb://app:{SECRET}@mongo:27017/books"),
    "connection string": env("DATA", f"Server=db;User=sa;Password={SECRET};Encrypt=true"),
    "account key": env("DATA", f"DefaultEndpointsProtocol=https;AccountName=a;AccountKey={SECRET};EndpointSuffix=x"),
    "JDBC": env("JDBC", f"jdbc:mysql://db/x?user=a&password={SECRET}"),
    "Java option": env("JAVA_OPTS", f"-Xmx1g -Dspring.datasource.password={SECRET} -Da=b"),
    "bearer": env("HEADER", f"Bearer {SECRET}"),
    "bearer in lower case": env("HEADER", f"authorization: bearer {SECRET}"),
    "JSON in env": env("SETTINGS", f'{{"db": {{"password": "{SECRET}"}}}}'),
    "JSON list under a secret's name": env("SETTINGS", f'{{"tokens": ["{SECRET}"]}}'),
    "escaped JSON": env("SETTINGS", f'"{{\\"password\\": \\"{SECRET}\\"}}"'),
    "flag with =": args(f"--password={SECRET}"),
    "flag with two words": args("--password", SECRET),
    "single dash": args(f"-password={SECRET}"),
    "single dash, two words": args("-token", SECRET),
    "requirepass": args("redis-server", "--requirepass", SECRET),
    "flag with delimiters in the value": args(f"--password=a,b;{SECRET}"),
    "helm --set": args("--set", f"db.password={SECRET}"),
    "helm --set=": args(f"--set=db.password={SECRET}"),
    "-e": args("-e", f"PASSWORD={SECRET}"),
    "from-literal": args(f"--from-literal=password={SECRET}"),
    "curl -u": args("curl", "-u", f"admin:{SECRET}", "http://x"),
    "curl --user": args("curl", "--user", f"admin:{SECRET}", "http://x"),
    "curl -u in a script": args("sh", "-c", f"curl -u admin:{SECRET} http://x"),
    "curl header": args("curl", "-H", f"X-Api-Key: {SECRET}", "http://x"),
    "curl header in a script": args("sh", "-c", f"curl -H 'Authorization: token {SECRET}' http://x"),
    "curl cookie": args("curl", "-H", f"Cookie: session={SECRET}"),
    "mysql -p": args("sh", "-c", f"mysqladmin ping -uroot -p{SECRET}"),
    "mysql -p as words": args("mysql", "-uroot", f"-p{SECRET}"),
    "redis-cli -a": args("redis-cli", "-a", SECRET, "ping"),
    "redis-cli -a in a script": args("sh", "-c", f"redis-cli -a {SECRET} ping"),
    "sshpass": args("sshpass", "-p", SECRET, "ssh", "x"),
    "export in a script": args("sh", "-c", f"set -e\nexport TOKEN={SECRET}\nrun"),
    "assignment before a command": args("sh", "-c", f"PGPASSWORD={SECRET} psql -h db"),
    "assignment in the middle": args("sh", "-c", f"cd /x && PGPASSWORD='{SECRET}' psql -h db"),
    "command": CONTAINER % f"command: [app, --token={SECRET}]",
    "preStop exec": CONTAINER % f"lifecycle: {{preStop: {{exec: {{command: [x, --password, {SECRET}]}}}}}}",
    "postStart header": CONTAINER
    % f"lifecycle: {{postStart: {{httpGet: {{port: 1, httpHeaders: [{{name: X-Auth-Token, value: {SECRET}}}]}}}}}}",
    "probe header": CONTAINER
    % f"livenessProbe: {{httpGet: {{port: 1, httpHeaders: [{{name: Authorization, value: 'Basic {SECRET}'}}]}}}}",
    "probe path": CONTAINER % f"livenessProbe: {{httpGet: {{port: 1, path: '/health?token={SECRET}'}}}}",
    "probe exec": CONTAINER % f"livenessProbe: {{exec: {{command: [redis-cli, -a, {SECRET}, ping]}}}}",
    "init container": "{apiVersion: v1, kind: Pod, spec: {initContainers: [{env: [{name: T_TOKEN, value: @@}]}]}}",
    "ephemeral container": "{apiVersion: v1, kind: Pod, spec: {ephemeralContainers: [{args: [--token, @@]}]}}",
    "csi attributes": "{apiVersion: v1, kind: Pod, spec: {volumes: [{csi: {volumeAttributes: {secretKey: @@}}}]}}",
    "flexVolume options": "{apiVersion: v1, kind: Pod, spec: {volumes: [{flexVolume: {options: {key: @@}}}]}}",
    "storage class parameters": "{apiVersion: storage.k8s.io/v1, kind: StorageClass, parameters: {restuserkey: @@}}",
    "mount options": "{apiVersion: v1, kind: PersistentVolume, spec: {mountOptions: ['username=u,password=@@']}}",
    "annotation by name": note("example.com/api-key", SECRET),
    "annotation by form": note("note", f"token={SECRET}"),
    "annotation prose": note("note", f"the password: {SECRET}"),
    "annotation JSON": note("config", f'{{"auth": {{"token": "{SECRET}"}}}}'),
    "annotation URL": note("nginx.ingress.kubernetes.io/auth-url", f"https://u:{SECRET}@auth/x"),
    "annotation snippet": note(
        "nginx.ingress.kubernetes.io/configuration-snippet", f'proxy_set_header Authorization "Bearer {SECRET}";'
    ),
    "label": "{apiVersion: v1, kind: Pod, metadata: {labels: {auth-token: @@}}}",
    "template annotation": "{apiVersion: apps/v1, kind: Deployment, spec: {template: {metadata: {annotations: "
    "{x/token: @@}}}}}",
    "ConfigMap key": CONFIG_MAP % f"PASSWORD: {SECRET}",
    "ConfigMap binaryData": "{apiVersion: v1, kind: ConfigMap, binaryData: {x: czNjcjN0LVpxODEtcGxhbnRlZA==}}",
    "properties file": file("application.properties", f"a=b\nspring.datasource.password={SECRET}\nc=d\n"),
    "ini file": file("app.ini", f"[db]\npassword = {SECRET}\n"),
    "ini file, words": file("app.ini", f"[db]\npassword = one two {SECRET}\n"),
    "YAML file": file("config.yaml", f"db:\n  user: a\n  password: {SECRET}\n"),
    "YAML file, quoted": file("config.yaml", f"db:\n  user: a\n  password: '{SECRET}'\n"),
    "YAML file, block": file("config.yaml", f"db:\n  password: |\n    {SECRET}\n  user: a\n"),
    "YAML file, next line": file("config.yaml", f"db:\n  password:\n    {SECRET}\n  user: a\n"),
    "YAML file, list": file("config.yaml", f"apiKeys:\n- {SECRET}\nuser: a\n"),
    "YAML file, flow list": file("config.yaml", f"tokens: [{SECRET}]\n"),
    "YAML file, flow": file("config.yaml", f"db: {{user: a, password: {SECRET}}}\n"),
    "YAML file, URL": file("config.yaml", f"uri: postgres://u:{SECRET}@db/x\n"),
    "YAML pair": file("config.yaml", f"env:\n- name: API_TOKEN\n  value: {SECRET}\n"),
    "JSON file": file("config.json", json.dumps({"a": 1, "client": {"secret": SECRET}}, indent=2)),
    "TOML file": file("config.toml", f'[db]\nuser = "a"\npassword = "{SECRET}"\n'),
    "XML file": file("config.xml", f"<c><user>a</user><password>{SECRET}</password></c>"),
    "XML attribute": file("config.xml", f'<c user="a" password="{SECRET}"/>'),
    "Hadoop property": file(
        "site.xml", f"<property>\n<name>fs.s3a.secret.key</name>\n<value>{SECRET}</value>\n</property>"
    ),
    "Spring property": file("beans.xml", f'<property name="password" value="{SECRET}"/>'),
    "shell file": file("run.sh", f"#!/bin/sh\nexport API_TOKEN={SECRET}\nexec app\n"),
    "Dockerfile": file("Dockerfile", f"FROM x\nENV PASSWORD {SECRET}\n"),
    ".env file": file(".env", f"A=b\nSECRET_KEY='{SECRET}'\n"),
    "nginx file": file("nginx.conf", f'proxy_set_header Authorization "Basic {SECRET}";\n'),
    "redis.conf": file("redis.conf", f"port 6379\nrequirepass {SECRET}\nmasterauth {SECRET}\n"),
    "docker login": args("sh", "-c", f"echo {SECRET} | docker login -u a --password-stdin r"),
    "literal of any name": args("sh", "-c", f"kubectl create secret generic s --from-literal=a={SECRET}"),
    "password hash": env("PASSWORD_HASH", SECRET),
    "file of secrets": file("secrets.env", f"A={SECRET}\nB=x\n"),
    "list of headers": CUSTOM % f"headers: ['X-Api-Key: {SECRET}', 'X-Client: a']",
    "git repository": CUSTOM % f"repository: 'https://robot:{SECRET}@github.com/a/b'",
    "SQL": file("init.sql", f"CREATE USER 'a'@'%' IDENTIFIED BY '{SECRET}';\n"),
    "SQL with password": file("init.sql", f"ALTER USER a WITH PASSWORD '{SECRET}';\n"),
    "pgpass": file(".pgpass", f"db:5432:x:u:{SECRET}\n"),
    "htpasswd": file(".htpasswd", f"admin:{SECRET}\n"),
    "docker config": file("config.json", json.dumps({"auths": {"r": {"auth": SECRET}}})),
    "kubeconfig": file("kubeconfig", f"users:\n- name: a\n  user:\n    token: {SECRET}\n"),
    "service account": file("sa.json", json.dumps({"type": "service_account", "private_key": SECRET})),
    "PEM": file("k", f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n"),
    "PEM cut off": file("k", f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n"),
    "PEM on one line": env("CERT", f"-----BEGIN PRIVATE KEY-----\\n{SECRET}\\n-----END PRIVATE KEY-----"),
    "tls.key": file("tls.key", SECRET),
    "custom resource": CUSTOM % f"auth: {{password: {SECRET}}}",
    "custom resource, list": CUSTOM % f"tokens: [{SECRET}]",
    "custom resource, number": CUSTOM % "auth: {password: 918273645}",
    "custom resource, pair": CUSTOM % f"params: [{{name: apiKey, value: {SECRET}}}]",
    "custom resource, key and value": CUSTOM % f"params: [{{key: apiKey, value: {SECRET}}}]",
    "custom resource, header": CUSTOM % f"headers: {{Authorization: {SECRET}}}",
    "custom resource, map": CUSTOM % f"config: {{truststore.password: {SECRET}}}",
    "custom resource, embedded values": CUSTOM % f'values: "db:\\n  password: {SECRET}\\n"',
    "BackendConfig client secret": "{apiVersion: cloud.google.com/v1, kind: BackendConfig, spec: {iap: "
    "{oauthclientCredentials: {clientSecret: @@}}}}",
    "signed URL key": "{apiVersion: cloud.google.com/v1, kind: BackendConfig, spec: {cdn: {signedUrlKeys: "
    "[{keyName: a, keyValue: @@}]}}}",
    "status": "{apiVersion: example.com/v1, kind: Thing, status: {password: @@}}",
    "status message": "{apiVersion: v1, kind: Pod, status: {conditions: [{message: 'token=@@ is bad'}]}}",
    "nginx variable": note("nginx.ingress.kubernetes.io/server-snippet", f'set $api_key "{SECRET}";'),
    "nginx header": file("nginx.conf", f'location / {{\n  proxy_set_header X-Secret "{SECRET}";\n}}\n'),
    "PHP constant": file("config.php", f"define('DB_PASSWORD', '{SECRET}');\n"),
    "PHP element": file("config.php", f"$db['password'] = '{SECRET}';\n"),
    "XML pair": file("web.config", f'<add key="ApiKey" value="{SECRET}" />'),
    "Redis ACL": file("redis.conf", f"user default on >{SECRET} ~* +@all\n"),
    "HAProxy user": file("haproxy.cfg", f"userlist u\n  user admin insecure-password {SECRET}\n"),
    "HAProxy statistics": file("haproxy.cfg", f"  stats auth admin:{SECRET}\n"),
    "Postfix relay": file("relay", f"[smtp.example.com]:587 app:{SECRET}\n"),
    "pgbouncer users": file("userlist.txt", f'"app" "{SECRET}"\n'),
    "LDAP bind": file("ldap.conf", f"base dc=x\nbindpw {SECRET}\n"),
    "pre-shared key": file("wpa.conf", f'psk="{SECRET}"\n'),
    "SQL in a script": args("sh", "-c", f"echo \"CREATE USER x IDENTIFIED BY '{SECRET}'\" | mysql"),
    "ldapsearch": args("sh", "-c", f"ldapsearch -D cn=a -w {SECRET} -b dc=x"),
    "az": args("sh", "-c", f"az login --service-principal -u a -p {SECRET} --tenant t"),
    "mysqladmin": args("sh", "-c", f"mysqladmin -u root password {SECRET}"),
    "htpasswd -b": args("sh", "-c", f"htpasswd -b /etc/users app {SECRET}"),
    "openssl": args("sh", "-c", f"openssl enc -aes-256-cbc -k {SECRET} -in x"),
    "vault": args("sh", "-c", f"vault login {SECRET}"),
    "here string": args("sh", "-c", f"gh auth login --with-token <<< {SECRET}"),
    "-p of any program": args("-p", SECRET),
    "private key behind a certificate": env(
        "BUNDLE",
        base64.b64encode(
            f"-----BEGIN CERTIFICATE-----\nTUlJ\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n{SECRET}".encode()
        ).decode(),
    ),
    "webhook": CUSTOM % f"url: 'https://hooks.slack.com/services/T0/B0/{SECRET}'",
}

GIVEN_BY_FORM = {
    "AWS key id": "AKIAIOSFODNN7EXAMPLE",
    "Google API key": "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "GitHub token": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "Slack token": "xoxb-123456789012-abcdefABCDEF",
    "Stripe key": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "OpenAI key": "sk-proj-abcdEFGH1234ijklMNOP5678",
    "Databricks token": "dapi0123456789abcdef0123456789abcdef",
    "Pulumi token": "pul-0123456789abcdef0123456789abcdef01234567",
    "random base62": "q8Zr2LxV9tPw4KcN7mBd",
    "random base64": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "random hex": "9f86d081884c7d659a2feaa0c55ad015",
    "random small letters and digits": "k3jd8f7s6d5f4g3h2j1k0l9m8n7b6v5c4",
}

ORDINARY = {
    "Java class in a key's name": (
        "KAFKA_DEFAULT_KEY_SERDE",
        "org.apache.kafka.common.serialization.Serdes$StringSerde",
    ),
    "class of a key": ("SIGNING_KEY", "com.example.keys.RotatingKey"),
    "image digest": ("IMAGE", "gcr.io/p/a@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    "bare digest": ("DIGEST", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    "UUID": ("TENANT", "123e4567-e89b-12d3-a456-426614174000"),
    "git commit": ("REV", "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    "_NAME": ("SECRET_NAME", "db-credentials"),
    "_FILE": ("PASSWORD_FILE", "/run/secrets/db"),
    "_PATH": ("TOKEN_PATH", "/var/run/token"),
    "_ID": ("CLIENT_KEY_ID", "abc-123"),
    "_URL": ("TOKEN_URL", "https://login.example.com/oauth/token"),
    "addresses alone": ("KAFKA_ZOOKEEPER_CONNECTION_STRING", "zk-0.zk:2181,zk-1.zk:2181/kafka"),
    "database without user": ("MONGO_CONNECTION_STRING", "mongodb://mongo:27017/books"),
    "credentials file": ("GOOGLE_APPLICATION_CREDENTIALS", "/var/secrets/google/key.json"),
    "reference": ("DB_PASSWORD", "$(POSTGRES_PASSWORD)"),
    "a probe's cookie": ("Cookie", "shop_session-id=x-liveness-probe"),
    "URL with a reference": ("DB", "postgres://u:$(DB_PASSWORD)@db:5432/x"),
    "empty": ("PASSWORD", ""),
    "switch": ("USE_TOKEN", "true"),
    "number of tokens": ("MAX_TOKENS", "4096"),
    "lifetime": ("TOKEN_TTL_SECONDS", "3600"),
    "auth mode": ("AUTH", "oauth"),
    "tokenizer": ("TOKENIZER", "meta-llama/Llama-3.1-8B-Instruct"),
    "public key": ("JWT_PUBLIC_KEY", "id"),
    "host": ("BACKEND", "backend.shop.svc.cluster.local:50051"),
    "long host": ("LB", "a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4-123456789.eu-west-1.elb.amazonaws.com"),
    "path": ("DATA", "/usr/local/share/Application1/resources"),
    "Java class": ("MAIN", "com.example.payments.PaymentAuthorizationServiceApplication2"),
    "model": ("MODEL", "Qwen/Qwen2.5-VL-72B-Instruct-AWQ"),
    "JVM options": ("JAVA_OPTS", "-Xms256m -Xmx512m -XX:+UseG1GC -Djava.security.egd=file:/dev/./urandom"),
    "topic": ("TOPIC", "projects/my-project-123/topics/orders-created"),
    "secret manager": ("API_KEY", "projects/p/secrets/api-key/versions/latest"),
    "time": ("AT", "2026-03-01T00:00:00Z"),
    "client id": ("CLIENT_ID", "123456789-abc123def456.apps.googleusercontent.com"),
    "e-mail": ("SA", "robot@my-project.iam.gserviceaccount.com"),
    "URL with a port and @": ("U", "http://host:8080/path@x"),
    "image reference": ("SIDE", "registry.example.com/secret-service:v1.2.3"),
    "bearer prose": ("HELP", "Bearer token required"),
    "nginx": ("CONF", "location / { proxy_pass http://app:8080; }"),
    "certificate": (
        "TRUST",
        "-----BEGIN CERTIFICATE-----\nMIIEDTCCAvWgAwIBAgIBAjANBgkqhkiG9w0BAQUFADBQMQsw\n-----END CERTIFICATE-----\n",
    ),
    "certificate in base64": ("CA", base64.b64encode(b"-----BEGIN CERTIFICATE-----\nMIIEDTCCAvWgAwIBAgIB\n").decode()),
    "known host": (
        "HOST",
        "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
    ),
    "picture": ("ICON", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAADMAAAAyCAYAAADx/eOPAAALuUlEQVRogd2afWxd9XnHP9"),
    "publishable key": ("STRIPE_PUBLISHABLE_KEY", "pk_live_4eC39HqLyjWDarjtT1zdp7dc"),
    "name of a KMS key": ("KMS_KEY", "projects/p/locations/l/keyRings/r/cryptoKeys/k"),
    "pull secret": ("IMAGE_PULL_SECRET", "regcred"),
    "existing secret": ("EXISTING_SECRET", "db-credentials"),
    "escaped reference": ("RUN", "mysql -p$$MYSQL_ROOT_PASSWORD -e 'SELECT 1'"),
    "default of a shell variable": ("RUN", 'if [ "${SENTINELAUTH:-}" ]; then x; fi'),
    "command that gives it": ("RUN", "AUTH=$(cat /run/secrets/auth | tr -d x)"),
    "fields of a logger": ("LOG", '{"timeKey": "ts", "levelKey": "severity", "id_token": {"a": 1}}'),
    "DSN of references": ("DSN", "$(USER):$(PASSWORD)@tcp($(HOST):3306)/app"),
    "GPU driver": ("NVIDIA_REQUIRE_CUDA", "cuda>=12.2 brand=tesla,driver>=450,driver<451"),
}


def stored(text):
    return json.dumps(redact(yaml.safe_load(text))[0])


@pytest.mark.parametrize("place", PLANTED)
def test_a_planted_secret_is_not_stored(place):
    kept = stored(PLANTED[place].replace("@@", SECRET))
    assert SECRET not in kept
    assert base64.b64encode(SECRET.encode()).decode() not in kept
    assert "918273645" not in kept


@pytest.mark.parametrize("form", GIVEN_BY_FORM)
def test_a_secret_is_known_by_its_form_alone(form):
    assert GIVEN_BY_FORM[form] not in stored(env("SETTING", f"x {GIVEN_BY_FORM[form]} y"))


@pytest.mark.parametrize("case", ORDINARY)
def test_an_ordinary_value_stays(case):
    name, value = ORDINARY[case]
    kept, count = redact(yaml.safe_load(env(name, value)))
    assert kept["spec"]["containers"][0]["env"][0]["value"] == value
    assert count == 0


DATA_SOURCES = {
    "URL": (f"postgres://app:{SECRET}@db:5432/x?key={SECRET}", "postgres://db:5432/<redacted>"),
    "key as user": (f"https://{SECRET}@o1.ingest.sentry.io/2", "https://o1.ingest.sentry.io/<redacted>"),
    "MySQL": (f"app:{SECRET}@tcp(mysql:3306)/x", "tcp(mysql:3306)/<redacted>"),
    "pairs": (f"host=db user=app password={SECRET}", "host=db rest=<redacted>"),
    "fields": (
        f"Data Source=db,1433;User Id=sa;Password={SECRET};Pooling=True;",
        "Data Source=db,1433;Rest=<redacted>",
    ),
    "no form of one": (f"{SECRET} db:5432", "<redacted>"),
}


@pytest.mark.parametrize("form", DATA_SOURCES)
@pytest.mark.parametrize("name", ["MYSQL_DSN", "ConnectionStrings__Orders"])
def test_the_host_of_a_data_source_stays(form, name):
    value, left = DATA_SOURCES[form]
    kept, _ = redact(yaml.safe_load(env(name, value)))
    assert kept["spec"]["containers"][0]["env"][0]["value"] == left


ORDINARY_WORDS = {
    "a URL behind -u": ("-u", "http://localhost:8233"),
    "a host and port behind -u": ("--user", "broker-0.kafka:9092"),
    "a port": ("-p", "8080"),
    "a name": ("-p", "my-profile-v2"),
    "a folder": ("-p", "/etc/app"),
    "a digest": ("--sha256=9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",),
}


@pytest.mark.parametrize("case", ORDINARY_WORDS)
def test_ordinary_words_of_a_command_stay(case):
    kept, _ = redact(yaml.safe_load(args(*ORDINARY_WORDS[case])))
    assert kept["spec"]["containers"][0]["args"] == list(ORDINARY_WORDS[case])


STRUCTURE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: api-token-service, namespace: password-manager, labels: {app.kubernetes.io/name: api-token-service}}
spec:
  selector: {matchExpressions: [{key: app.kubernetes.io/name, operator: In, values: [a]}]}
  template:
    metadata: {annotations: {checksum/config: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08}}
    spec:
      serviceAccountName: token-reader
      imagePullSecrets: [{name: registry-token}]
      tolerations: [{key: cloud.google.com/gke-spot, operator: Exists}]
      topologySpreadConstraints: [{topologyKey: topology.kubernetes.io/zone, matchLabelKeys: [pod-template-hash]}]
      volumes:
      - {name: secret-volume, secret: {secretName: db-credentials, items: [{key: password, path: db/password}]}}
      - {name: t, projected: {sources: [{serviceAccountToken: {path: token, audience: vault, expirationSeconds: 600}}]}}
      containers:
      - name: token
        image: registry.example.com/secret-service@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
        env:
        - {name: DB_PASSWORD, valueFrom: {secretKeyRef: {name: db-credentials, key: DB_PASSWORD}}}
        - {name: KEY, valueFrom: {configMapKeyRef: {name: c, key: aB1cD2}}}
        resources: {limits: {cpu: 500m, memory: 1Gi}}
        volumeMounts: [{name: secret-volume, mountPath: /run/secrets/password}]
"""


def test_names_references_and_structure_stay():
    obj = yaml.safe_load(STRUCTURE)
    assert redact(obj) == (obj, 0)


def test_a_secret_keeps_the_names_of_its_keys():
    obj = {"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"b": "eA=="}, "stringData": {"a": "x"}}
    assert redact(obj)[0] == {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "data": {"a": "<redacted>", "b": "<redacted>"},
    }


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"postgres://u:{SECRET}@db:5432/x", "postgres://u:<redacted>@db:5432/x"),
        (f"--password={SECRET}", "--password=<redacted>"),
        (f"a=b\npassword={SECRET}\nc=d", "a=b\npassword=<redacted>\nc=d"),
        (f"https://h/p?token={SECRET}&x=1", "https://h/p?token=<redacted>&x=1"),
        (f"Server=db;Password={SECRET};Encrypt=true", "Server=db;Password=<redacted>;Encrypt=true"),
        (f"Authorization: Bearer {SECRET}", "Authorization: Bearer <redacted>"),
    ],
)
def test_only_the_secret_part_of_a_text_goes(text, kept):
    assert redact({"kind": "Thing", "spec": {"text": text}})[0]["spec"]["text"] == kept


def test_redaction_is_stable():
    for text in PLANTED.values():
        once = redact(yaml.safe_load(text.replace("@@", SECRET)))[0]
        assert redact(once)[0] == once


def test_messages_do_not_show_what_looks_secret():
    assert looks_secret("password", "12345")
    assert looks_secret("x", f"token={SECRET}")
    assert not looks_secret("replicas", "two")


def test_all_keeps_names_references_and_numbers_alone():
    obj = yaml.safe_load(STRUCTURE)
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container |= {"args": ["--colour", "red"], "command": ["app"]}
    container["env"].append({"name": "COLOUR", "value": "red"})
    obj["metadata"]["annotations"] = {"note": "made of red", "networking.gke.io/load-balancer-type": "Internal"}
    kept = redact(obj, "all")[0]
    text = json.dumps(kept)
    assert "red" not in text.replace("redacted", "").replace("credentials", "")
    assert kept["metadata"]["annotations"]["networking.gke.io/load-balancer-type"] == "Internal"
    assert kept["spec"]["template"]["spec"]["containers"][0]["resources"] == container["resources"]
    assert kept["spec"]["template"]["spec"]["volumes"] == obj["spec"]["template"]["spec"]["volumes"]


def test_all_keeps_of_an_unknown_kind_names_and_numbers():
    obj = {"apiVersion": "a.b/v1", "kind": "Thing", "metadata": {"name": "t"}, "spec": {"colour": "red", "size": 3}}
    assert redact(obj, "all")[0]["spec"] == {"colour": "<redacted>", "size": 3}


HOSTILE = {
    "one word": "a" * 10**5,
    "one name": "a-" * 20_000,
    "dots": "a." * 20_000,
    "assignments": "token=1 " * 20_000,
    "colons": "password:" * 20_000,
    "passwords": "password " * 20_000,
    "user info": "://a:" + "@a" * 20_000,
    "DSN": "a:b@" * 40_000,
    "mixed": "A1b" * 20_000,
    "tags": "<a>" * 20_000,
    "blanks": " " * 10**5 + "token",
    "quotes": 'key="' * 20_000,
    "names": "name: token\n" * 20_000,
    "blocks": "token: |\n" * 20_000,
    "PEM": "-----BEGIN A-----" * 20_000,
    "commands": "mysql " * 20_000,
    "JSON": "[" * 900 + "]" * 900,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=list(HOSTILE))
def test_long_texts_of_any_form_come_to_an_end(text):
    assert isinstance(redact({"kind": "Thing", "spec": {"text": text}})[0]["spec"]["text"], str)
