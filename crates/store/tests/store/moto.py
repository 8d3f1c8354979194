# An S3 server for tests: moto, on loopback, on a free port. Prints one line of JSON when it is ready and ends with
# its standard input, so that it never outlives the test that started it. With "strict" as argument it checks
# signatures and rights, after the five requests that set it up.
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
print(json.dumps(told), flush=True)
sys.stdin.read()
os._exit(0)
