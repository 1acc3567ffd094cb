"""An alarm of CloudWatch, made by CloudFormation and kept as it is written: nobody measures, so it never goes off."""

from typing import Any

from moto.core.common_models import CloudFormationModel

from sandbox.aws.client import client


class Alarm(CloudFormationModel):
    """moto has alarms, but CloudFormation does not know of them; their properties are what PutMetricAlarm takes."""

    def __init__(self, name: str) -> None:
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type() -> str:
        return "AlarmName"

    @staticmethod
    def cloudformation_type() -> str:
        return "AWS::CloudWatch::Alarm"

    @classmethod
    def has_cfn_attr(cls, attr: str) -> bool:
        return False

    @classmethod
    def create_from_cloudformation_json(
        cls,
        resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
        **kwargs: Any,
    ) -> "Alarm":
        properties = {"AlarmName": resource_name, **cloudformation_json["Properties"]}
        client("cloudwatch").put_metric_alarm(**properties)
        return cls(resource_name)
