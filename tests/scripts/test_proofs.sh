#!/bin/sh
# CBMC proves, within bounds, that the arithmetic of blocks, budgets and modes
# neither overflows nor leaves its block. See tests/proofs/proof.h.
#
# usage: test_proofs.sh [FILE...]    all of tests/proofs, or those named

set -u
build=$PWD
cd "${srcdir:-.}" || exit 99
seconds=300 # of one proof
loops=16    # rounds of each loop; CBMC reports a loop that needs more

command -v cbmc >/dev/null || { echo 'skipped: cbmc is not installed (Debian has it from 13 on)'; exit 77; }

# prove FILE FUNCTION: CBMC fails if a loop needs more than LOOPS rounds.
prove()
{
    timeout "$seconds" cbmc "$1" --function "$2" -I "$build" -I lib -I tests/proofs -DFILELIKE_COMPILING \
        --unwind "$loops" --unwinding-assertions --unsigned-overflow-check --slice-formula \
        --verbosity 4 >"$build/proof.log" 2>&1 && return
    echo "FAIL: $1: $2"
    grep -E 'FAILURE|error' "$build/proof.log" || tail -n 20 "$build/proof.log"
    false
}

status=0 count=0
test $# -gt 0 || set -- tests/proofs/*.c
for file; do
    for proof in $(sed -n 's/^void \(proof_[a-z_]*\)(.*/\1/p' "$file"); do
        count=$((count + 1))
        prove "$file" "$proof" || status=1
    done
done
rm -f "$build/proof.log"
test "$count" -gt 0 || { echo 'there are no proofs'; exit 99; }
test "$status" -eq 0 && echo "ok: $count proofs"
exit "$status"
