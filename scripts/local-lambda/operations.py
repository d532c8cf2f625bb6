"""Which operations of AWS Lambda `lambdabin serve` has: all that botocore's model knows, called one by one.

    python3 scripts/local-lambda/operations.py http://localhost:9000 function.zip HANDLER [--write docs/local-lambda-operations.md]

Each is called over boto3 with the smallest parameters that make sense, in an order in which each finds what it needs. An
answer counts when it has the form that botocore's model says: each member that the model knows has the model's type, and
each that it requires is there. An operation that is not served counts as that, with the error it gives.
"""

import argparse
import datetime
import io
import sys

import boto3
import botocore.config
import botocore.exceptions

ROLE = 'arn:aws:iam::123456789012:role/any'
NAME = 'operations'
ARN = f'arn:aws:lambda:us-east-1:123456789012:function:{NAME}'
LAYER = 'operations-layer'


def problems(shape, value, path):
    """What of a parsed answer is not as its shape says."""
    found = []
    kind = shape.type_name
    if kind == 'structure':
        if not isinstance(value, dict):
            return [f'{path} is no structure']
        for name in shape.required_members:
            if name not in value:
                found.append(f'{path}.{name} is missing')
        for name, member in shape.members.items():
            if name in value:
                found += problems(member, value[name], f'{path}.{name}')
    elif kind == 'list':
        if not isinstance(value, list):
            return [f'{path} is no list']
        for index, item in enumerate(value):
            found += problems(shape.member, item, f'{path}[{index}]')
    elif kind == 'map':
        if not isinstance(value, dict):
            return [f'{path} is no map']
        for key, item in value.items():
            found += problems(shape.value, item, f'{path}[{key}]')
    elif kind == 'string':
        if not isinstance(value, str):
            found.append(f'{path} is no string')
        elif shape.enum and value not in shape.enum:
            found.append(f'{path} is {value!r}, not one of {shape.enum}')
    elif kind in ('integer', 'long'):
        if not isinstance(value, int) or isinstance(value, bool):
            found.append(f'{path} is no integer')
    elif kind in ('double', 'float'):
        if not isinstance(value, (int, float)):
            found.append(f'{path} is no number')
    elif kind == 'boolean':
        if not isinstance(value, bool):
            found.append(f'{path} is no boolean')
    elif kind == 'timestamp':
        if not isinstance(value, datetime.datetime):
            found.append(f'{path} is no time')
    return found


def consumed(shape, answer):
    """Streams are read, so that what is in them is checked, too."""
    if isinstance(answer, dict):
        for name, value in list(answer.items()):
            if hasattr(value, 'read'):
                answer[name] = value.read()
            elif name == 'EventStream':
                answer[name] = {}
                for event in value:
                    answer[name].update(event)
    return answer


def calls(zip_file, handler):
    """Operations in an order in which each finds what it needs, with their parameters."""
    name = {'FunctionName': NAME}
    version = {'FunctionName': NAME, 'Qualifier': '1'}
    layer = {'LayerName': LAYER, 'VersionNumber': 1}
    function = dict(name, Runtime='provided.al2023', Role=ROLE, Handler=handler, Code={'ZipFile': zip_file}, Timeout=30, MemorySize=512)
    return [
        ('CreateFunction', function),
        ('GetFunction', name),
        ('GetFunctionConfiguration', name),
        ('ListFunctions', {}),
        ('UpdateFunctionConfiguration', dict(name, Description='changed')),
        ('UpdateFunctionCode', dict(name, ZipFile=zip_file)),
        ('Invoke', dict(name, Payload=b'{}')),
        ('InvokeAsync', dict(name, InvokeArgs=b'{}')),
        ('InvokeWithResponseStream', dict(name, Payload=b'{}')),
        ('PublishVersion', name),
        ('ListVersionsByFunction', name),
        ('CreateAlias', dict(name, Name='live', FunctionVersion='1')),
        ('GetAlias', dict(name, Name='live')),
        ('ListAliases', name),
        ('UpdateAlias', dict(name, Name='live', Description='changed')),
        ('AddPermission', dict(name, StatementId='one', Action='lambda:InvokeFunction', Principal='s3.amazonaws.com')),
        ('GetPolicy', name),
        ('RemovePermission', dict(name, StatementId='one')),
        ('TagResource', {'Resource': ARN, 'Tags': {'team': 'shop'}}),
        ('ListTags', {'Resource': ARN}),
        ('UntagResource', {'Resource': ARN, 'TagKeys': ['team']}),
        ('PutFunctionEventInvokeConfig', dict(name, MaximumRetryAttempts=1)),
        ('UpdateFunctionEventInvokeConfig', dict(name, MaximumEventAgeInSeconds=60)),
        ('GetFunctionEventInvokeConfig', name),
        ('ListFunctionEventInvokeConfigs', name),
        ('DeleteFunctionEventInvokeConfig', name),
        ('PutFunctionConcurrency', dict(name, ReservedConcurrentExecutions=2)),
        ('GetFunctionConcurrency', name),
        ('DeleteFunctionConcurrency', name),
        ('PutProvisionedConcurrencyConfig', dict(version, ProvisionedConcurrentExecutions=1)),
        ('GetProvisionedConcurrencyConfig', version),
        ('ListProvisionedConcurrencyConfigs', name),
        ('DeleteProvisionedConcurrencyConfig', version),
        ('CreateFunctionUrlConfig', dict(name, AuthType='NONE')),
        ('GetFunctionUrlConfig', name),
        ('ListFunctionUrlConfigs', name),
        ('UpdateFunctionUrlConfig', dict(name, InvokeMode='RESPONSE_STREAM')),
        ('DeleteFunctionUrlConfig', name),
        ('PublishLayerVersion', {'LayerName': LAYER, 'Content': {'ZipFile': zip_file}}),
        ('GetLayerVersion', layer),
        ('GetLayerVersionByArn', {'Arn': f'arn:aws:lambda:us-east-1:123456789012:layer:{LAYER}:1'}),
        ('ListLayers', {}),
        ('ListLayerVersions', {'LayerName': LAYER}),
        ('AddLayerVersionPermission', dict(layer, StatementId='one', Action='lambda:GetLayerVersion', Principal='*')),
        ('GetLayerVersionPolicy', layer),
        ('RemoveLayerVersionPermission', dict(layer, StatementId='one')),
        ('DeleteLayerVersion', layer),
        ('GetAccountSettings', {}),
        ('GetFunctionCodeSigningConfig', name),
        ('DeleteFunctionCodeSigningConfig', name),
        ('PutRuntimeManagementConfig', dict(name, UpdateRuntimeOn='Auto')),
        ('GetRuntimeManagementConfig', name),
        ('PutFunctionRecursionConfig', dict(name, RecursiveLoop='Allow')),
        ('GetFunctionRecursionConfig', name),
        ('ListEventSourceMappings', {}),
        ('DeleteAlias', dict(name, Name='live')),
        ('DeleteFunction', name),
    ]


def smallest(shape):
    """Parameters of an operation that nothing above calls: what the model requires, in its simplest form."""
    kind = shape.type_name
    if kind == 'structure':
        return {name: smallest(shape.members[name]) for name in shape.required_members}
    if kind == 'list':
        return [smallest(shape.member)]
    if kind == 'map':
        return {}
    if kind in ('integer', 'long', 'double', 'float'):
        return max(1, shape.metadata.get('min', 1))
    if kind == 'boolean':
        return True
    if kind == 'timestamp':
        return datetime.datetime.now()
    if kind == 'blob':
        return b'{}'
    if shape.enum:
        return shape.enum[0]
    return 'x' * max(1, shape.metadata.get('min', 1))


def method(operation):
    return botocore.xform_name(operation)


def call(client, operation, parameters):
    """'served', or why not."""
    model = client.meta.service_model.operation_model(operation)
    try:
        answer = getattr(client, method(operation))(**parameters)
    except botocore.exceptions.ClientError as error:
        details = error.response['Error']
        return f"{details.get('Code')}: {details.get('Message')}"
    except botocore.exceptions.BotoCoreError as error:
        return f'{type(error).__name__}: {error}'
    answer = consumed(model.output_shape, answer)
    found = problems(model.output_shape, answer, operation) if model.output_shape else []
    if not answer['ResponseMetadata'].get('RequestId'):
        found.append('there is no request id')
    return 'served' if not found else f"served, but {'; '.join(found[:3])}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('endpoint')
    parser.add_argument('zip')
    parser.add_argument('handler')
    parser.add_argument('--write')
    arguments = parser.parse_args()
    client = boto3.client(
        'lambda',
        endpoint_url=arguments.endpoint,
        region_name='us-east-1',
        aws_access_key_id='any',
        aws_secret_access_key='any',
        config=botocore.config.Config(retries={'max_attempts': 1}, parameter_validation=True, inject_host_prefix=False),
    )
    with open(arguments.zip, 'rb') as file:
        planned = calls(file.read(), arguments.handler)
    results = {operation: call(client, operation, parameters) for operation, parameters in planned}
    for operation in client.meta.service_model.operation_names:
        if operation not in results:
            model = client.meta.service_model.operation_model(operation)
            results[operation] = call(client, operation, smallest(model.input_shape) if model.input_shape else {})
    served = sorted(name for name, result in results.items() if result == 'served')
    wrong = sorted(name for name, result in results.items() if result.startswith('served, but'))
    missing = sorted(name for name, result in results.items() if not result.startswith('served'))
    out = io.StringIO()
    out.write(f"{len(served)} of the {len(results)} operations that botocore's model of AWS Lambda knows are served, and answer in the\nmodel's form:\n\n")
    out.write(', '.join(served) + '.\n\n')
    if missing:
        out.write('The others get an error, as they would change nothing here, or have nothing to be about:\n\n')
        out.write('| operation | error |\n|---|---|\n')
        for name in missing:
            error = results[name].replace('|', '/').split(' is no operation')[0]
            out.write(f'| {name} | {error} |\n')
    print(out.getvalue())
    for name in wrong:
        print(f'{name}: {results[name]}', file=sys.stderr)
    if arguments.write:
        with open(arguments.write, 'w') as file:
            file.write('# Operations of the local Lambda\n\n')
            file.write('<!-- made by scripts/local-lambda/operations.py -->\n\n')
            file.write(out.getvalue())
    # Those that are planned must be served.
    failed = wrong + [name for name, _ in planned if results[name] != 'served']
    return 1 if failed else 0


sys.exit(main())
