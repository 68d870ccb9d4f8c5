#include <config.h>

#include "soak_record.h"

#include <string.h>

static uint32_t sum(const struct record *record)
{
    return record->seed * 2654435761U ^ record->member * 40503U ^ record->number ^ ~0U;
}

struct record record_make(uint32_t seed, uint32_t member, uint32_t number)
{
    struct record record = {seed, member, number, 0};
    record.sum = sum(&record);
    return record;
}

bool record_is_whole(const struct record *record)
{
    return record->sum == sum(record);
}

bool record_all_are_whole(FILE *stream)
{
    static const struct record none;
    struct record record;
    size_t count;
    while ((count = fread(&record, 1, sizeof record, stream)) == sizeof record)
        if (!record_is_whole(&record) && memcmp(&record, &none, sizeof none) != 0)
            return false;
    return count == 0 && !ferror(stream);
}
