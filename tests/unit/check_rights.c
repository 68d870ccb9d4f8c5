/* The rights of a file that replaces another (lib/files/rights.c, rights_acl.c). No user
 * may gain rights, whatever the ACL of the old file. */
#include <config.h>

#include "files/rights.c"
#include "files/rights_acl.c"

#include "crowd.h"
#include "suite.h"

/* ---- The rights of each user ---------------------------------------------------------
 */

enum {
    USERS = 4,  /* 1 to 4; 1 is the old owner, the new one is none of these */
    GROUPS = 4, /* 1 to 4; 1 is the old group, 4 may be the new one */
    NEW_OWNER = 5,
    NEW_GROUP = 4
};

struct process {
    unsigned user;
    unsigned groups; /* bits */
};

struct owned {
    const struct rights *rights;
    unsigned owner;
    unsigned group;
};

static bool is_in(const struct process *process, unsigned group)
{
    return (process->groups >> group & 1) != 0;
}

static bool allows(unsigned bits, unsigned asked)
{
    return (bits & asked) == asked;
}

/* The algorithm of acl(5), ACCESS CHECK ALGORITHM. */
static bool is_granted(
    const struct owned *file, const struct process *process, unsigned asked)
{
    const struct rights *rights = file->rights;
    bool is_member = is_in(process, file->group);
    if (process->user == file->owner)
        return allows(rights->owner, asked);
    for (size_t i = 0; i < rights->named_count; i++) {
        const struct named_right *named = &rights->named[i];
        if (!named->is_group && named->id == process->user)
            return allows(named->bits & rights->mask, asked);
    }
    if (is_member && allows(rights->group & rights->mask, asked))
        return true;
    for (size_t i = 0; i < rights->named_count; i++) {
        const struct named_right *named = &rights->named[i];
        if (!named->is_group || !is_in(process, named->id))
            continue;
        is_member = true;
        if (allows(named->bits & rights->mask, asked))
            return true;
    }
    return !is_member && allows(rights->others, asked);
}

static void check_process(
    const struct owned *old, const struct owned *new, const struct process *process)
{
    for (unsigned asked = 1; asked <= ALL_BITS; asked++) {
        if (is_granted(new, process, asked) && !is_granted(old, process, asked))
            ck_abort_msg("user %u of groups %#x may do %o: mode %o was %o", process->user,
                process->groups, asked, (unsigned) rights_to_mode(new->rights),
                (unsigned) rights_to_mode(old->rights));
    }
}

static void check_nobody_gains(const struct owned *old, const struct owned *new)
{
    for (unsigned user = 1; user <= USERS; user++) {
        for (unsigned groups = 0; groups < 1u << (GROUPS + 1); groups += 2)
            check_process(old, new, &(struct process){user, groups});
    }
}

/* ---- Random rights -------------------------------------------------------------------
 */

static unsigned draw_bits(unsigned *state)
{
    return crowd_draw(state, ALL_BITS + 1);
}

/* Half of the ACLs name a given user or group. */
static void draw_named(struct rights *rights, unsigned *state)
{
    for (unsigned id = 1; id <= USERS + GROUPS; id++) {
        bool is_group = id > USERS;
        if (crowd_draw(state, 2) == 0)
            rights->named[rights->named_count++] = (struct named_right){
                is_group, is_group ? id - USERS : id, draw_bits(state)};
    }
}

static struct rights draw_rights(unsigned *state)
{
    struct rights rights = rights_from_mode(crowd_draw(state, 0777 + 1));
    if (crowd_draw(state, 4) == 0)
        return rights;
    rights.has_acl = true;
    rights.mask = draw_bits(state) | draw_bits(state);
    rights.named = calloc(USERS + GROUPS, sizeof *rights.named);
    ck_assert_ptr_nonnull(rights.named);
    draw_named(&rights, state);
    return rights;
}

/* Draws the same rights twice, and narrows one of them. LOSS is a combination of owner,
 * group and ACL that cannot be kept. */
static void check_narrowed(unsigned *state, unsigned loss)
{
    unsigned same = *state;
    struct rights rights = draw_rights(&same);
    struct rights narrowed = draw_rights(state);
    struct rights_lost lost = {
        .owner = (loss & 1) != 0,
        .group = (loss & 2) != 0,
        .named = (loss & 4) != 0,
        .old_owner = 1,
    };
    rights_narrow(&narrowed, &lost);
    check_nobody_gains(&(struct owned){&rights, 1, 1},
        &(struct owned){
            &narrowed, lost.owner ? NEW_OWNER : 1, lost.group ? NEW_GROUP : 1});
    ck_assert(!narrowed.has_acl || !lost.named);
    rights_finish(&narrowed);
    rights_finish(&rights);
}

START_TEST(nobody_gains)
{
    enum { FILES = 2000, LOSSES = 8 };
    unsigned state = 1;
    for (int i = 0; i < FILES; i++) {
        unsigned first = state;
        for (unsigned loss = 0; loss < LOSSES; loss++) {
            state = first;
            check_narrowed(&state, loss);
        }
    }
}
END_TEST

/* No user loses rights either, if the classes are ordered as usual. */
START_TEST(usual_modes_keep_what_they_can)
{
    static const struct {
        mode_t old, without_owner, without_group;
    } modes[] = {{0644, 0644, 0644}, {0755, 0755, 0755}, {0600, 0600, 0600},
        {0640, 0640, 0600}, {0664, 0664, 0644}, {0660, 0660, 0600}, {0666, 0666, 0666},
        {0604, 0604, 0600}, {0066, 0000, 0066}, {0446, 0444, 0444}};
    for (size_t i = 0; i < COUNT(modes); i++) {
        struct rights rights = rights_from_mode(modes[i].old);
        rights_narrow(&rights, &(struct rights_lost){0});
        ck_assert_uint_eq(rights_to_mode(&rights), modes[i].old);
        rights_narrow(&rights, &(struct rights_lost){.owner = true});
        ck_assert_uint_eq(rights_to_mode(&rights), modes[i].without_owner);
        rights = rights_from_mode(modes[i].old);
        rights_narrow(&rights, &(struct rights_lost){.group = true});
        ck_assert_uint_eq(rights_to_mode(&rights), modes[i].without_group);
    }
}
END_TEST

/* ---- As the kernel has them ----------------------------------------------------------
 */

static bool is_same(const struct named_right *one, const struct named_right *other)
{
    return one->is_group == other->is_group && one->id == other->id &&
           one->bits == other->bits;
}

START_TEST(acl_is_read_as_it_is_written)
{
    enum { FILES = 500 };
    unsigned state = 2;
    for (int i = 0; i < FILES; i++) {
        size_t size;
        struct rights read;
        struct rights rights = draw_rights(&state);
        void *acl = rights_to_acl(&rights, &size);
        ck_assert(acl != NULL);
        ck_assert_int_eq(rights_from_acl(&read, acl, size), 0);
        ck_assert_uint_eq(read.named_count, rights.named_count);
        for (size_t j = 0; j < rights.named_count; j++)
            ck_assert(is_same(&read.named[j], &rights.named[j]));
        ck_assert_uint_eq(read.mask, rights.mask);
        ck_assert(read.owner == rights.owner && read.group == rights.group &&
                  read.others == rights.others);
        free(acl);
        rights_finish(&read);
        rights_finish(&rights);
    }
}
END_TEST

START_TEST(what_is_no_acl_is_refused)
{
    static const unsigned char acls[][12] = {
        {2, 0, 0}, {1, 0, 0, 0}, {2, 0, 0, 0, 1, 0, 7, 0, 0}, {2, 0, 0, 0, 3}};
    static const size_t sizes[] = {3, 4, 9, 12};
    struct rights rights;
    for (size_t i = 0; i < COUNT(acls); i++)
        assert_fails(rights_from_acl(&rights, acls[i], sizes[i]), -1, EINVAL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rights");
    TCase *test_case = suite_case(suite, "rights");
    tcase_add_test(test_case, nobody_gains);
    tcase_add_test(test_case, usual_modes_keep_what_they_can);
    tcase_add_test(test_case, acl_is_read_as_it_is_written);
    tcase_add_test(test_case, what_is_no_acl_is_refused);
    return suite_run(suite);
}
