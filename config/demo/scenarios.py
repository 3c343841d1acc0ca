"""People and incident templates of the demo company. Data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from incidents.vocabulary import Status


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the demo workspace."""

    username: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """Template of one demo incident, with its texts."""

    title: str
    type: str
    severity: str
    components: tuple[str, ...]
    symptom: str
    clue: str
    public: str
    cause: str
    fix: str
    detected: bool = True

    def says(self, status: Status) -> str:
        """Return the timeline text of a change to that status."""
        messages = {
            Status.INVESTIGATING: self.symptom,
            Status.IDENTIFIED: self.cause,
            Status.MONITORING: self.fix,
        }
        return messages.get(status, "")


PEOPLE: Final = (
    Person("maya.okafor", "Maya Okafor", "admin"),
    Person("jonas.berg", "Jonas Berg", "manager"),
    Person("lucia.ferrari", "Lucia Ferrari", "responder"),
    Person("arun.pillai", "Arun Pillai", "responder"),
    Person("sofia.lindqvist", "Sofia Lindqvist", "responder"),
    Person("kenji.mori", "Kenji Mori", "responder"),
    Person("ruth.adeyemi", "Ruth Adeyemi", "viewer"),
)

SCENARIOS: Final = (
    Scenario(
        "Error burst in checkout",
        "error_burst",
        "sev2",
        ("checkout", "payments"),
        "Orders fail with HTTP 500 after the payment step.",
        "All failures carry the new coupon field; orders without a coupon pass.",
        "Some orders cannot be completed. We know why and are rolling back a release.",
        "Release 214 sends coupons as text where the payment service expects a number.",
        "Rolled back to release 213; error rate is back to normal.",
    ),
    Scenario(
        "Database connections run out on orders-db",
        "database_connection_failure",
        "sev1",
        ("orders-db", "checkout", "storefront"),
        "Every request that touches orders times out after 30 s.",
        "pg_stat_activity shows 400 idle-in-transaction sessions, all from the report worker.",
        "The shop is slow or unavailable for many customers. A fix is being applied.",
        "The report worker opened a transaction per row and never ended them.",
        "Ended the stuck sessions, set idle_in_transaction_session_timeout to 60 s.",
    ),
    Scenario(
        "Search latency high",
        "performance_degradation",
        "sev3",
        ("search",),
        "p95 of search rose from 180 ms to 2.4 s.",
        "One node of four is merging segments all the time.",
        "Searching takes longer than usual. Results are complete.",
        "A nightly reindex was started at noon by hand.",
        "Stopped the reindex; it runs tonight as planned.",
    ),
    Scenario(
        "Report worker runs out of memory",
        "memory_exhaustion",
        "sev3",
        ("report-worker",),
        "The worker is killed and restarted every four minutes.",
        "Memory grows by 90 MB with each export of the largest customer.",
        "Monthly reports arrive late. None is lost.",
        "Exports were collected in memory before being written.",
        "Exports are streamed now; memory stays at 300 MB.",
    ),
    Scenario(
        "Sign-in is down",
        "service_down",
        "sev1",
        ("auth-service", "storefront"),
        "No one can sign in; the health check of auth-service fails in all zones.",
        "The certificate of the identity provider's internal address ended at 09:00.",
        "Signing in does not work at the moment. People who are signed in can go on.",
        "The renewal job had been failing for three weeks and no one watched it.",
        "Renewed by hand, and the job's failure opens an incident from now on.",
        detected=False,
    ),
    Scenario(
        "Partner API limits us",
        "api_rate_limit",
        "sev3",
        ("partner-api", "payments"),
        "Calls to the payment provider fail with 429.",
        "The hourly quota is used up twenty minutes into the hour.",
        "Refunds are delayed by up to an hour.",
        "A retry loop without a pause multiplied each failed call by fifty.",
        "Retries back off with jitter; the quota lasts again.",
    ),
    Scenario(
        "Disk nearly full on storage-node-3",
        "disk_space_low",
        "sev3",
        ("storage",),
        "/var/lib/data is 97 % full and grows by 1 % every ten minutes.",
        "Snapshots of a deleted volume were never removed.",
        "No effect on customers.",
        "The clean-up skips volumes whose owner is gone.",
        "Removed 310 GB of old snapshots and fixed the clean-up.",
    ),
    Scenario(
        "Nightly imports fail",
        "workflow_failure_spike",
        "sev4",
        ("imports",),
        "Eleven of fourteen imports failed tonight.",
        "All failed files have a byte order mark at their start.",
        "Stock figures are those of yesterday evening.",
        "The supplier changed its export without telling anybody.",
        "The reader takes both forms; imports ran again and passed.",
    ),
    Scenario(
        "Cache cluster lost a primary",
        "cache_failure",
        "sev2",
        ("cache", "storefront"),
        "Pages take three seconds; the cache hit rate fell to 4 %.",
        "The replica was promoted but the clients kept the old address.",
        "Pages load slowly. Nothing is lost.",
        "Client libraries cached the address for an hour.",
        "Restarted the clients; the address is looked up every 30 s now.",
    ),
    Scenario(
        "Test coverage fell below the gate",
        "quality_drop",
        "sev4",
        ("build",),
        "Coverage of the main branch is 72 %, the gate is 80 %.",
        "The new pricing module came without tests.",
        "No effect on customers.",
        "The gate was off for one day while runners were moved.",
        "Tests added; the gate is on again.",
        detected=False,
    ),
    Scenario(
        "Network partition between zones",
        "network_partition",
        "sev2",
        ("network", "orders-db"),
        "Replication to zone C stopped and requests across zones fail.",
        "Packets above 1,400 bytes are dropped between B and C.",
        "A part of the requests fails at the first try. We are rerouting traffic.",
        "A switch came back from maintenance with the wrong packet size.",
        "The link is out of use until it is set right; replication caught up.",
        detected=False,
    ),
    Scenario(
        "Transactions deadlock in billing",
        "deadlock",
        "sev3",
        ("billing",),
        "Two hundred deadlocks an hour, invoices are created late.",
        "The two jobs lock customers and invoices in opposite order.",
        "Invoices arrive up to two hours late.",
        "A new job was written without the agreed lock order.",
        "Both jobs lock by customer first; no deadlock since.",
    ),
)
