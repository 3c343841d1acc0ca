"""Built-in rules that nobody changed match the whole table of event types from now on."""

from django.db import migrations

BEFORE_AND_AFTER = {
    "disk_space_low": (
        ["disk_space_low", "disk_full"],
        ["disk_space_low", "disk_full", "low_disk_space", "disk_usage_high", "filesystem_full", "volume_full",
         "no_space_left", "inodes_exhausted"],
    ),
    "memory_exhaustion": (
        ["memory_high", "memory_exhaustion", "oom_kill"],
        ["memory_high", "memory_exhaustion", "oom_kill", "oom_killed", "oom", "out_of_memory", "high_memory",
         "heap_exhausted", "swap_full"],
    ),
    "performance_degradation": (
        ["slow_request", "high_latency", "performance_degradation"],
        ["slow_request", "slow_query", "slow_response", "high_latency", "latency_high",
         "performance_degradation", "response_time_high"],
    ),
    "quality_drop": (
        ["quality_check_failed", "quality_drop"],
        ["quality_check_failed", "quality_drop", "quality_gate_failed", "coverage_drop", "coverage_dropped",
         "lint_failed", "complexity_violation"],
    ),
    "service_down": (
        ["service_unavailable", "service_down", "health_check_failed"],
        ["service_unavailable", "service_down", "service_crashed", "service_stopped", "health_check_failed",
         "host_down", "instance_down", "endpoint_down", "pod_crashed", "crash_loop", "heartbeat_missed"],
    ),
    "workflow_failure_spike": (
        ["workflow_failed", "workflow_failure"],
        ["workflow_failed", "workflow_failure", "job_failed", "pipeline_failed", "build_failed", "task_failed",
         "batch_failed", "etl_failed", "cron_failed"],
    ),
}  # fmt: skip


def extend(apps, schema_editor):
    rules = apps.get_model("detection", "DetectionRule")
    for rule_id, (before, after) in BEFORE_AND_AFTER.items():
        rules._base_manager.filter(rule_id=rule_id, is_builtin=True, event_types=before).update(event_types=after)


class Migration(migrations.Migration):
    dependencies = [("detection", "0009_request_outcomes")]
    operations = [migrations.RunPython(extend, migrations.RunPython.noop)]
