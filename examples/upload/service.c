#include "service.h"

#include <inttypes.h>

void service_watch_budget(struct service *service)
{
    size_t used = filelike_budget_used(service->stream.budget);
    size_t peak = atomic_load(&service->budget_peak);
    while (
        used > peak && !atomic_compare_exchange_weak(&service->budget_peak, &peak, used))
        continue;
}

static uint64_t get(const atomic_uint_fast64_t *counter)
{
    return atomic_load(counter);
}

void service_print(const struct service *service, FILE *stream)
{
    fprintf(stream, "requests %" PRIu64 "\n", get(&service->requests));
    fprintf(stream,
        "uploads read %" PRIu64 ", refused %" PRIu64 ", abandoned %" PRIu64 "\n",
        get(&service->read), get(&service->refused), get(&service->abandoned));
    fprintf(stream, "peak budget used %zu of %zu bytes\n",
        atomic_load(&service->budget_peak), service->budget);
}

void service_print_json(const struct service *service, FILE *stream)
{
    fprintf(stream, "{\"requests\": %" PRIu64 ", \"uploading\": %" PRIu64,
        get(&service->requests), get(&service->uploading));
    fprintf(stream,
        ", \"read\": %" PRIu64 ", \"refused\": %" PRIu64 ", \"abandoned\": %" PRIu64,
        get(&service->read), get(&service->refused), get(&service->abandoned));
    fprintf(stream, ", \"budget\": %zu, \"budget_used\": %zu, \"budget_peak\": %zu}\n",
        service->budget, filelike_budget_used(service->stream.budget),
        atomic_load(&service->budget_peak));
}
