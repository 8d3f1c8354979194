# An S3 server for tests: moto, on loopback, on a free port. Prints one line of JSON when it is ready and ends with
# its standard input, so that it never outlives the test that started it. With "strict" as argument it checks
# signatures and rights, after the five requests that set it up; with "tls" it is reached by https, with a certificate
# of an authority of its own, which it prints.
import os
import sys

strict = sys.argv[1:] == ["strict"]
if strict:
    os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "5"
os.environ.update(AWS_ACCESS_KEY_ID="setting", AWS_SECRET_ACCESS_KEY="up", AWS_DEFAULT_REGION="eu-central-1")

import json
import logging

import boto3
from moto.server import ThreadedMotoServer

logging.getLogger("werkzeug").setLevel(logging.ERROR)


def behind_tls(port):
    """A way by TLS to the port: its endpoint, and the authority that vouches for it."""
    import datetime
    import ipaddress
    import socket
    import ssl
    import tempfile
    import threading

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    now, day = datetime.datetime.now(datetime.timezone.utc), datetime.timedelta(days=1)

    def certificate(name, issuer, key, signer, extension):
        named = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)]) for text in (name, issuer)]
        made = x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1]).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
        made = made.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return made.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    top, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = certificate("test authority", "test authority", top, top, x509.BasicConstraints(ca=True, path_length=0))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    leaf = certificate("test server", "test authority", own, top, address)
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(leaf + own.private_bytes(serialization.Encoding.PEM, *plain))
        file.flush()
        context.load_cert_chain(file.name)
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, sink):
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
        except OSError:
            pass
        finally:
            sink.close()

    def serve(connection):
        try:
            client = context.wrap_socket(connection, server_side=True)
        except OSError:
            return
        there = socket.create_connection(("127.0.0.1", port))
        threading.Thread(target=pump, args=(client, there), daemon=True).start()
        pump(there, client)

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    return f"https://127.0.0.1:{listener.getsockname()[1]}", authority.decode()


server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://127.0.0.1:{port}"
s3 = boto3.client("s3", endpoint_url=endpoint)
here = {"LocationConstraint": "eu-central-1"}
told = {"endpoint": endpoint}
if strict:
    # The rights that docs/guide/fusion-centre.md lists, and no others.
    iam = boto3.client("iam", endpoint_url=endpoint)
    iam.create_user(UserName="node")
    on_bucket = ["s3:GetBucketObjectLockConfiguration", "s3:ListBucket", "s3:ListBucketMultipartUploads"]
    on_objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": on_bucket, "Resource": "arn:aws:s3:::kept"},
        {"Effect": "Allow", "Action": on_objects, "Resource": "arn:aws:s3:::kept/*"},
    ]}
    iam.put_user_policy(UserName="node", PolicyName="node", PolicyDocument=json.dumps(policy))
    key = iam.create_access_key(UserName="node")["AccessKey"]
    told.update(id=key["AccessKeyId"], secret=key["SecretAccessKey"])
rule = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 1}}}
s3.create_bucket(Bucket="kept", CreateBucketConfiguration=here, ObjectLockEnabledForBucket=True)
s3.put_object_lock_configuration(Bucket="kept", ObjectLockConfiguration=rule)
if not strict:
    s3.create_bucket(Bucket="loose", CreateBucketConfiguration=here)
    s3.create_bucket(Bucket="governed", CreateBucketConfiguration=here, ObjectLockEnabledForBucket=True)
    rule["Rule"]["DefaultRetention"]["Mode"] = "GOVERNANCE"
    s3.put_object_lock_configuration(Bucket="governed", ObjectLockConfiguration=rule)
if sys.argv[1:] == ["tls"]:
    told["endpoint"], told["authority"] = behind_tls(port)
print(json.dumps(told), flush=True)
sys.stdin.read()
os._exit(0)
