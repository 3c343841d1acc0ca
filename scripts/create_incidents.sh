#!/bin/sh
# create_incidents.sh [BASE_URL]: sends six bursts of events that open six incidents: three SEV1, two SEV2, one SEV3.
# BASE_URL defaults to http://localhost:8000. Set TOCSIN_TOKEN if the server requires a token.
# Exits with 1, printing the response, as soon as the server refuses one.
set -eu
base=${1:-http://localhost:8000}
base=${base%/}

metadata='{}'

send() { # service level message; with $metadata
    body=$(printf '{"service": "%s", "level": "%s", "message": "%s", "metadata": %s}' "$1" "$2" "$3" "$metadata")
    response=$(curl -sS -m 10 -w '\n%{http_code}' -X POST "$base/api/v1/events" \
        -H 'Content-Type: application/json' ${TOCSIN_TOKEN:+-H "Authorization: Bearer $TOCSIN_TOKEN"} \
        -d "$body") || { echo "No response from $base; is Tocsin running there?" >&2; exit 1; }
    code=$(printf '%s' "$response" | tail -n 1)
    case $code in
    2??) ;;
    *) echo "Refused with $code: $(printf '%s' "$response" | sed '$d')" >&2; exit 1 ;;
    esac
}

burst() { # title service level message...
    title=$1 service=$2 level=$3
    shift 3
    echo "$title: $service"
    for message in "$@"; do send "$service" "$level" "$message"; done
}

burst "Database connections run out" orders-db CRITICAL \
    "connection pool exhausted: 100 of 100 in use" "timed out after 30 s waiting for a connection" \
    "could not connect to server: too many clients already" "transaction rolled back: connection lost" \
    "health check failed: SELECT 1 did not answer" "replica lags 94 s behind the primary"
burst "The gateway times out" api-gateway ERROR \
    "504 from upstream checkout after 30 s" "504 from upstream catalogue after 30 s" \
    "circuit for checkout opened after 20 failures" "retry budget for checkout used up" \
    "504 from upstream basket after 30 s" "upstream checkout closed the connection"
burst "Memory runs out" report-worker CRITICAL \
    "out of memory: killed process 4121 (python)" "allocation of 512 MiB failed" \
    "container restarted: memory limit of 2 GiB reached" "garbage collection took 12 s" \
    "out of memory: killed process 4388 (python)" "swap is full"
burst "Sign-ins fail" auth-service ERROR \
    "token signature could not be verified" "the identity provider answered 503" \
    "token refused: issued in the future" "session store unreachable" \
    "sign-in failed for 212 people in one minute" "key set could not be fetched"
burst "Requests are rate limited" partner-api ERROR \
    "429 from the payment provider, retry after 60 s" "quota of 10,000 calls an hour used up" \
    "429 from the payment provider, retry after 120 s" "backlog of 1,840 calls" \
    "429 from the payment provider, retry after 240 s" "calls older than 15 min dropped"
metadata='{"free_percent": 3}'
burst "A disk is nearly full" storage-node CRITICAL \
    "/var/lib/data is 97 % full" "write failed: no space left on device" \
    "/var/lib/data is 98 % full" "log rotation failed: no space left on device" \
    "snapshot skipped: needs 40 GiB, has 3 GiB" "/var/lib/data is 99 % full"
echo "Six bursts sent. Look at $base/ or $base/api/v1/incidents"
