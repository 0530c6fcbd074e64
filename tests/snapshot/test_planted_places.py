"""Secrets planted in every place of a cluster's objects, of public programs and in files of theirs: all go."""

from __future__ import annotations

import json

import pytest

from k2cr_analysis.snapshot.redaction.redact import redact

from .test_planted_secrets import TAKE, P, cm, env, pod

B64 = "Ym9iOlp4OXBsNG50UTc="


def obj(kind, spec, **more):
    found = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "a"}, **more}
    return found if spec is None else found | {"spec": spec}


def other(api, kind, spec, **more):
    return obj(kind, spec, **more) | {"apiVersion": api}


def noted(annotations):
    return obj("Service", {}, metadata={"name": "a", "annotations": annotations})


def labelled(labels):
    return obj("Service", {}, metadata={"name": "a", "labels": labels})


PLACES = {
    # --- workloads' own fields
    "env in init container": (
        obj(
            "Deployment",
            {
                "template": {
                    "spec": {"initContainers": [{"name": "i", "image": "i", "env": [{"name": "DB_PASS", "value": P}]}]}
                }
            },
        ),
        P,
    ),
    "env of a cron job": (
        obj(
            "CronJob",
            {
                "jobTemplate": {
                    "spec": {
                        "template": {
                            "spec": {
                                "containers": [
                                    {"name": "c", "image": "i", "env": [{"name": "SMTP_PASSWORD", "value": P}]}
                                ]
                            }
                        }
                    }
                }
            },
        ),
        P,
    ),
    "ephemeral container": (
        obj("Pod", {"ephemeralContainers": [{"name": "d", "image": "i", "args": [f"--token={P}"]}]}),
        P,
    ),
    "lifecycle hook": (
        pod(lifecycle={"preStop": {"exec": {"command": ["curl", "-H", f"X-Auth-Token: {P}", "http://x"]}}}),
        P,
    ),
    "exec probe": (pod(livenessProbe={"exec": {"command": ["redis-cli", "-a", P, "ping"]}}), P),
    "exec probe of mongo": (
        pod(readinessProbe={"exec": {"command": ["mongosh", "-u", "root", "-p", P, "--eval", "1"]}}),
        P,
    ),
    "probe path": (pod(livenessProbe={"httpGet": {"path": f"/health?access_token={P}"}}), P),
    "working dir url": (env("GIT_REPO", f"https://oauth2:{P}@gitlab.example.com/a/b.git"), P),
    "csi attributes": (
        obj("Pod", {"volumes": [{"name": "v", "csi": {"driver": "smb", "volumeAttributes": {"password": P}}}]}),
        P,
    ),
    "flex volume": (
        obj("Pod", {"volumes": [{"name": "v", "flexVolume": {"driver": "x/cifs", "options": {"cifspassword": P}}}]}),
        P,
    ),
    "iscsi chap": (obj("PersistentVolume", {"csi": {"volumeAttributes": {"node.session.auth.password": P}}}), P),
    "azure volume": (obj("StorageClass", None, parameters={"storageAccountKey": P + "=="}), P),
    "ceph": (obj("StorageClass", None, parameters={"adminsecret": P}), P),
    "annotation json": (noted({"vendor/config": json.dumps({"apiKey": P})}), P),
    "annotation url": (noted({"webhook.example.com/url": f"https://u:{P}@h/x"}), P),
    "annotation bearer": (noted({"prometheus.io/auth": f"Bearer {P}"}), P),
    "annotation of the ingress": (
        noted({"nginx.ingress.kubernetes.io/configuration-snippet": f'proxy_set_header Authorization "Basic {B64}";'}),
        B64,
    ),
    "label": (labelled({"api-token": P}), P),
    "last applied": (noted({"kubectl.kubernetes.io/last-applied-configuration": json.dumps({"x": P})}), P),
    "helm values annotation": (noted({"meta.helm.sh/values": f"password: {P}\n"}), P),
    # --- arguments and commands
    "arg eq quotes": (pod(args=[f'--db-password="{P}"']), P),
    "arg camel": (pod(args=[f"--dbPassword={P}"]), P),
    "arg colon": (pod(args=[f"/password:{P}"]), P),
    "arg underscore": (pod(args=["--api_key", P]), P),
    "arg token": (pod(args=["run", "--token", P]), P),
    "arg secret": (pod(args=["--client-secret", P]), P),
    "arg url": (pod(args=["--broker", f"amqp://guest:{P}@rabbit:5672/"]), P),
    "arg redis url": (pod(args=["--redis", f"redis://:{P}@redis:6379/0"]), P),
    "arg mongo srv": (pod(args=[f"mongodb+srv://u:{P}@cluster0.mongodb.net/db"]), P),
    "shell export": (pod(command=["sh", "-c", f"export API_KEY={P}; exec app"]), P),
    "shell env prefix": (pod(command=["sh", "-c", f"PGPASSWORD={P} psql -h db"]), P),
    "shell echo pipe": (pod(command=["sh", "-c", f"echo {P} | docker login --password-stdin"]), P),
    "shell sshpass": (pod(command=["sh", "-c", f"sshpass -p {P} ssh a@b"]), P),
    "shell htpasswd": (pod(command=["sh", "-c", f"htpasswd -b /etc/x bob {P}"]), P),
    "shell mc alias": (pod(command=["sh", "-c", f"mc alias set m http://minio admin {P}"]), P),
    "shell keytool": (pod(command=["keytool", "-storepass", P]), P),
    "shell openssl": (pod(command=["openssl", "enc", "-k", P]), P),
    "shell openssl pass": (pod(command=["openssl", "rsa", "-passin", f"pass:{P}"]), P),
    "shell wget": (pod(command=["wget", f"--http-password={P}", "http://x"]), P),
    "shell mysqladmin": (pod(command=["mysqladmin", "ping", f"-p{P}"]), P),
    "shell rclone": (pod(command=["rclone", "sync", "--sftp-pass", P]), P),
    "shell az": (pod(command=["az", "login", "--service-principal", "-u", "a", "-p", P, "--tenant", "t"]), P),
    "shell helm": (pod(command=["helm", "registry", "login", "-u", "a", "-p", P]), P),
    "shell vault": (pod(command=["vault", "login", P + "hvs."]), P),
    "java property": (env("JAVA_OPTS", f"-Xmx1g -Djavax.net.ssl.keyStorePassword={P} -Dx=y"), P),
    "java tool options": (env("JAVA_TOOL_OPTIONS", f"-Dspring.datasource.password={P}"), P),
    # --- environment
    "spring": (env("SPRING_DATASOURCE_PASSWORD", P), P),
    "aws": (env("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"), "wJalrXUtnFEMIK7MDENG"),
    "aws id by form": (env("X", "AKIAIOSFODNN7EXAMPLE"), "AKIAIOSFODNN7EXAMPLE"),
    "github": (env("X", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"), "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
    "gitlab": (env("X", "glpat-zYxWvUtSrQpOnMlKjIhG"), "glpat-zYxWvUtSrQpOnMlKjIhG"),
    "google api": (env("X", "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"), "AIzaSyD-9tSrke72PouQMnMX"),
    "stripe": (env("X", "sk_live_4eC39HqLyjWDarjtT1zdp7dc"), "sk_live_4eC39HqLyjWDarjtT1zdp7dc"),
    "sendgrid": (
        env("X", "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"),
        "ngeVfQFYQlKU0ufo8x5d1A",
    ),
    "npm": (env("X", "npm_1234567890abcdefghijABCDEFGHIJ123456"), "npm_1234567890abcdefghij"),
    "slack token": (env("X", "xoxb-123456789012-1234567890123-abcdefABCDEFabcdefABCDEF"), "abcdefABCDEFabcdefABCDEF"),
    "openai": (env("X", "sk-proj-abcdEFGH1234ijklMNOP5678qrstUVWX90"), "abcdEFGH1234ijklMNOP"),
    "private key": (env("X", "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"), "MIIEow"),
    "jwt": (
        env("X", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"),
        "eyJzdWIiOiIxMjM0NTY3ODkwIn0",
    ),
    "django": (env("DJANGO_SECRET_KEY", "django-insecure-" + P), P),
    "laravel": (env("APP_KEY", "base64:" + P + "Xk29Lm3nOp4qRs5tUv6wXy7z="), P),
    "wordpress": (env("WORDPRESS_DB_PASSWORD", P), P),
    "auth key": (env("LOGGED_IN_KEY", P + "aaaa"), P),
    "nonce salt": (env("NONCE_SALT", P), P),
    "encryption": (env("ENCRYPTION_KEY", P), P),
    "minio": (env("MINIO_ROOT_PASSWORD", P), P),
    "grafana": (env("GF_SECURITY_ADMIN_PASSWORD", P), P),
    "keycloak": (env("KC_BOOTSTRAP_ADMIN_PASSWORD", P), P),
    "basic auth pair": (env("BASIC_AUTH", f"bob:{P}"), P),
    "elastic": (env("ELASTICSEARCH_URL", f"https://elastic:{P}@es:9200"), P),
    "celery": (env("CELERY_BROKER_URL", f"sqs://AKIA:{P}@"), P),
    "ftp": (env("FTP", f"ftp://u:{P}@h"), P),
    "proxy": (env("HTTPS_PROXY", f"http://u:{P}@proxy:3128"), P),
    "german": (env("DB_PASSWORT", P), P),
    "short": (env("DB_PW", "hunter2"), "hunter2"),
    "twilio": (env("TWILIO_AUTH_TOKEN", P), P),
    "webhook secret": (env("WEBHOOK_SIGNING_SECRET", "whsec_" + P), P),
    "telegram": (env("BOT", "bot110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"), "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"),
    "discord hook": (
        env(
            "HOOK",
            "https://discord.com/api/webhooks/123456789012345678/" + P + "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGH",
        ),
        P,
    ),
    "teams hook": (
        env(
            "HOOK",
            "https://x.webhook.office.com/webhookb2/aa/IncomingWebhook/" + "0123456789abcdef0123456789abcdef" + "/bb",
        ),
        "0123456789abcdef0123456789abcdef",
    ),
    "sas": (env("BLOB", f"https://a.blob.core.windows.net/c?sv=2020&sig={P}%3D"), P),
    "presigned": (env("URL", f"https://b.s3.amazonaws.com/k?X-Amz-Signature={P}"), P),
    "sentry": (env("SENTRY_AUTH_TOKEN", "sntrys_" + P + "abcdefgh"), P),
    # --- ConfigMaps
    "dotenv": (cm(".env", f"A=1\nSECRET_TOKEN={P}\nB=2\n"), P),
    "yaml nested": (cm("a.yaml", f"db:\n  user: a\n  credentials:\n    pass: {P}\n"), P),
    "yaml list": (cm("a.yaml", f"passwords:\n- {P}\n- other-{P}\n"), P),
    "yaml block": (cm("a.yaml", f"privateKey: |\n  {P}\n  more\n"), P),
    "toml": (cm("a.toml", f"[auth]\nclient_secret = '{P}'\n"), P),
    "properties": (cm("application.properties", f"spring.datasource.password={P}\n"), P),
    "properties colon": (cm("a.properties", f"db.password: {P}\n"), P),
    "nginx": (cm("nginx.conf", f'proxy_set_header Authorization "Bearer {P}";\n'), P),
    "haproxy": (cm("haproxy.cfg", f"userlist u\n  user bob insecure-password {P}\n"), P),
    "alertmanager": (cm("alertmanager.yml", f"global:\n  smtp_auth_password: '{P}'\n"), P),
    "prometheus": (cm("prometheus.yml", f"basic_auth:\n  username: a\n  password: {P}\n"), P),
    "fluent": (cm("fluent.conf", f"<match>\n  password {P}\n</match>\n"), P),
    "logstash": (cm("logstash.conf", f'elasticsearch {{ user => "a" password => "{P}" }}\n'), P),
    "vector": (cm("vector.toml", f'auth.password = "{P}"\n'), P),
    "traefik users": (cm("users", f"bob:$2y$05${P}abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ\n"), P),
    "supervisor": (cm("supervisord.conf", f"[inet_http_server]\nusername=a\npassword={P}\n"), P),
    "odbc ini": (cm("odbc.ini", f"[x]\nUID = a\nPWD = {P}\n"), P),
    "php": (cm("config.php", f"<?php\ndefine('DB_PASSWORD', '{P}');\n"), P),
    "php array": (cm("config.php", f"<?php return ['password' => '{P}'];\n"), P),
    "python": (cm("settings.py", f"SECRET_KEY = '{P}'\n"), P),
    "js object": (cm("config.js", f"module.exports = {{ password: '{P}' }};\n"), P),
    "lua": (cm("a.lua", f'local password = "{P}"\n'), P),
    "sql grant": (cm("init.sql", f"GRANT ALL ON *.* TO 'a'@'%' IDENTIFIED BY '{P}';\n"), P),
    "sql user": (cm("init.sql", f"CREATE USER a WITH ENCRYPTED PASSWORD '{P}';\n"), P),
    "sql insert": (cm("seed.sql", f"INSERT INTO users (name, password) VALUES ('bob', '{P}');\n"), P),
    "mongo js": (cm("init.js", f"db.createUser({{user: 'a', pwd: '{P}', roles: []}})\n"), P),
    "wpa": (cm("wpa.conf", f'psk="{P}"\n'), P),
    "kubeconfig": (cm("config", f"users:\n- name: a\n  user:\n    token: {P}\n"), P),
    "kubeconfig key": (cm("config", f"users:\n- user:\n    client-key-data: {P}LS0tLS1CRUdJTg==\n"), P),
    "npmrc": (cm(".npmrc", f"//registry.npmjs.org/:_authToken={P}\n"), P),
    "pypirc": (cm(".pypirc", f"[pypi]\nusername = __token__\npassword = {P}\n"), P),
    "maven": (cm("settings.xml", f"<server><id>a</id><username>u</username><password>{P}</password></server>"), P),
    "git credentials": (cm(".git-credentials", f"https://u:{P}@github.com\n"), P),
    "s3cfg": (cm(".s3cfg", f"access_key = AKIA\nsecret_key = {P}\n"), P),
    "boto": (cm("credentials", f"[default]\naws_secret_access_key = {P}\n"), P),
    "ssh": (cm("id", f"-----BEGIN OPENSSH PRIVATE KEY-----\n{P}\n-----END OPENSSH PRIVATE KEY-----\n"), P),
    "csv tabs": (cm("users.tsv", f"user\tpassword\nbob\t{P}\n"), P),
    "csv semicolon": (cm("users.csv", f"user;secret\nbob;{P}\n"), P),
    "xml attribute": (cm("server.xml", f'<user username="a" password="{P}" roles="x"/>'), P),
    "xml context": (cm("context.xml", f'<Parameter name="db.password" value="{P}"/>'), P),
    "hibernate": (cm("h.xml", f'<property name="connection.password">{P}</property>'), P),
    "key is the name": (cm("DB_PASSWORD", P), P),
    "key is a token": (cm("api.token", P), P),
    "json in yaml": (cm("a", json.dumps({"outer": json.dumps({"secret": P})})), P),
    "json list of pairs": (cm("a.json", json.dumps([{"name": "API_TOKEN", "value": P}])), P),
    "service account json": (
        cm(
            "sa.json",
            json.dumps(
                {
                    "type": "service_account",
                    "private_key": f"-----BEGIN PRIVATE KEY-----\n{P}\n-----END PRIVATE KEY-----\n",
                }
            ),
        ),
        P,
    ),
    "firebase": (
        cm("a.json", json.dumps({"firebase": {"apiKey": "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"}})),
        "AIzaSyD-9tSrke72PouQMnMX",
    ),
    "binary data": (
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "binaryData": {"k": B64}},
        B64,
    ),
    # --- other kinds
    "secret": (
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"x": B64}, "stringData": {"y": P}},
        P,
    ),
    "secret data": ({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"x": B64}}, B64),
    "helm release": (
        other("helm.toolkit.fluxcd.io/v2", "HelmRelease", {"values": {"postgresql": {"auth": {"password": P}}}}),
        P,
    ),
    "argo parameter": (
        other(
            "argoproj.io/v1alpha1",
            "Application",
            {"source": {"helm": {"parameters": [{"name": "db.password", "value": P}]}}},
        ),
        P,
    ),
    "argo values": (
        other("argoproj.io/v1alpha1", "Application", {"source": {"helm": {"values": f"auth:\n  password: {P}\n"}}}),
        P,
    ),
    "argo repo": (
        other("argoproj.io/v1alpha1", "Application", {"source": {"repoURL": f"https://x:{P}@git.example.com/a.git"}}),
        P,
    ),
    "keda": (
        other(
            "keda.sh/v1alpha1",
            "ScaledObject",
            {"triggers": [{"type": "rabbitmq", "metadata": {"host": f"amqp://u:{P}@r:5672/v"}}]},
        ),
        P,
    ),
    "keda password": (
        other("keda.sh/v1alpha1", "ScaledObject", {"triggers": [{"type": "redis", "metadata": {"password": P}}]}),
        P,
    ),
    "istio envoy filter": (
        other(
            "networking.istio.io/v1alpha3",
            "EnvoyFilter",
            {"configPatches": [{"patch": {"value": {"inline_string": f'local token = "{P}"'}}}]},
        ),
        P,
    ),
    "virtual service header": (
        other(
            "networking.istio.io/v1", "VirtualService", {"http": [{"headers": {"request": {"set": {"x-api-key": P}}}}]}
        ),
        P,
    ),
    "http route header": (
        other(
            "gateway.networking.k8s.io/v1",
            "HTTPRoute",
            {
                "rules": [
                    {
                        "filters": [
                            {"requestHeaderModifier": {"set": [{"name": "Authorization", "value": f"Bearer {P}"}]}}
                        ]
                    }
                ]
            },
        ),
        P,
    ),
    "traefik basic": (
        other("traefik.io/v1alpha1", "Middleware", {"headers": {"customRequestHeaders": {"X-Secret": P}}}),
        P,
    ),
    "kong plugin": (
        other("configuration.konghq.com/v1", "KongClusterPlugin", None, config={"minimum": 1, "client_secret": P}),
        P,
    ),
    "backend config header": (
        other("cloud.google.com/v1", "BackendConfig", {"customRequestHeaders": {"headers": [f"X-Api-Key:{P}"]}}),
        P,
    ),
    "external secret template": (
        other("external-secrets.io/v1", "ExternalSecret", {"target": {"template": {"data": {"password": P}}}}),
        P,
    ),
    "postgres operator": (other("acid.zalan.do/v1", "postgresql", {"standby": {"password": P}}), P),
    "unknown kind": (other("a.example/v1", "Thing", {"connection": {"dsn": f"user:{P}@tcp(db:3306)/x"}}), P),
    "knative": (
        other(
            "serving.knative.dev/v1",
            "Service",
            {"template": {"spec": {"containers": [{"image": "i", "env": [{"name": "API_SECRET", "value": P}]}]}}},
        ),
        P,
    ),
    "pod status": (
        dict(
            pod(), status={"containerStatuses": [{"state": {"terminated": {"message": f"auth failed: password={P}"}}}]}
        ),
        P,
    ),
    "condition message": (
        dict(pod(), status={"conditions": [{"type": "Ready", "message": f"dial redis://:{P}@redis:6379"}]}),
        P,
    ),
    "service external name": (other("v1", "Service", {"externalName": f"https://u:{P}@h.example.com"}), P),
    "ingress snippet": (noted({"nginx.ingress.kubernetes.io/auth-snippet": f"proxy_set_header X-Token {P};"}), P),
    "node annotation": (dict(noted({"csi.volume.kubernetes.io/secret": P}), kind="Node"), P),
    "managed fields": (
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a", "managedFields": [{"fieldsV1": {"f:x": P}}]},
            "spec": {},
        },
        P,
    ),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_planted_secret_is_taken(place):
    planted, secret = PLACES[place]
    assert secret in json.dumps(planted)
    assert secret not in json.dumps(redact(planted, "secrets")[0])


def test_there_are_enough_places():
    assert len(PLACES) + len(TAKE) >= 150


ORDINARY = {
    "users of the system": (cm("nsswitch.conf", "passwd:         compat\nshadow: files\n"), "compat"),
    "a database's address": (
        cm("patch", "- name: SPANNER_CONNECTION_STRING\n  value: projects/p/instances/i/databases/d\n"),
        "projects/p/instances/i/databases/d",
    ),
    "id of a cluster": (
        obj("StorageClass", None, parameters={"clusterid": "630372ccdc720a92c681fb928f27b53f"}),
        "630372cc",
    ),
    "prices in a script": (cm("a.sh", "echo $5 and $10 and $1\n"), "$5 and $10 and $1"),
    "a table that is filled": (cm("a.sql", "INSERT INTO users (name, age) VALUES ('bob', 48151623);"), "48151623"),
    "headers": (
        other(
            "cloud.google.com/v1", "BackendConfig", {"customRequestHeaders": {"headers": ["X-Region:eu", "X-Key-Id:7"]}}
        ),
        "X-Region:eu",
    ),
    "elements of XML": (cm("a.xml", '<property name="connection.pool_size">10</property>'), "10"),
    "a command's words": (pod(command=["vault", "status"], args=["mc", "ls", "m/bucket"]), "m/bucket"),
}


@pytest.mark.parametrize("place", ORDINARY)
def test_an_ordinary_value_of_public_manifests_stays(place):
    found, value = ORDINARY[place]
    assert value in json.dumps(redact(found, "secrets")[0])
