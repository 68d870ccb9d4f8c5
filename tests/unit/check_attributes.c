/* The attributes of a file that is put in place: access ACLs, extended attributes,
 * owners and groups (filelike_atomic, filelike_persist). */
#include <config.h>

#include "acl.h"
#include "faults.h"
#include "scratch.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { USER = 12, GROUP = 34 };

/* ---- What can be tested here ---------------------------------------------------------
 */

static bool have_acls(const char *test)
{
    make_file("probe", "");
    bool have = SET_ACL("probe", ACCESS_ACL, {OWNER, 6, NO_ID}, {ITS_GROUP, 4, NO_ID},
        {OTHERS, 4, NO_ID});
    ck_assert_int_eq(unlink("probe"), 0);
    if (!have)
        say_skipped(test, "this filesystem has no ACLs");
    return have;
}

static bool is_root(const char *test)
{
    if (geteuid() != 0)
        say_skipped(test, "only root may give files away");
    return geteuid() == 0;
}

/* ---- Ways to put a file in place -----------------------------------------------------
 */

static void put_atomically(const char *path, mode_t permissions)
{
    struct filelike_options options = {.permissions = permissions};
    FILE *stream = filelike_atomic(path, "w", &options);
    ck_assert_msg(stream != NULL, "%s: %s", path, strerror(errno));
    write_text(stream, "new");
    assert_closes(stream);
}

static void persist(FILE *stream, const char *path)
{
    write_text(stream, "new");
    ck_assert_msg(
        filelike_persist(stream, path, 0) == 0, "%s: %s", path, strerror(errno));
    assert_closes(stream);
}

static void put_copy(const char *path, mode_t permissions)
{
    struct filelike_options options = {.permissions = permissions};
    persist(filelike_memory("w+", &options), path);
}

static void put_named(const char *path, mode_t permissions)
{
    struct filelike_options options = {.permissions = permissions, .dir = "streams"};
    persist(filelike_named("w+", &options), path);
}

static void put_temporary(const char *path, mode_t permissions)
{
    struct filelike_options options = {.permissions = permissions, .dir = "streams"};
    persist(filelike_temporary("w+", &options), path);
}

static void (*const ways[])(const char *path, mode_t permissions) = {
    put_atomically, put_copy, put_named, put_temporary};

static const struct faults systems[] = {
    {0},
    {.tmpfile = EOPNOTSUPP},
    {.no_proc = true, .no_empty_path = true},
    {.link = EPERM},
};

enum { PUTTINGS = COUNT(ways) * COUNT(systems) };

static void put_with(int number, const char *path, mode_t permissions,
    enum fault (*strike)(enum fault_call call))
{
    faults = systems[(size_t) number / COUNT(ways)];
    faults.strike = strike;
    ways[(size_t) number % COUNT(ways)](path, permissions);
    faults = (struct faults){0};
}

static void put(int number, const char *path, mode_t permissions)
{
    put_with(number, path, permissions, NULL);
}

static void enter(void)
{
    scratch_enter();
    ck_assert_int_eq(mkdir("streams", 0755) + mkdir("there", 0777), 0);
    ck_assert_int_eq(chmod("streams", 0777) + chmod("there", 0777), 0);
}

/* ---- ACLs ----------------------------------------------------------------------------
 */

/* The owning group has no rights. The group bits of the mode show the mask. */
static bool give_acl(const char *path)
{
    return SET_ACL(path, ACCESS_ACL, {OWNER, 6, NO_ID}, {NAMED_USER, 6, USER},
        {ITS_GROUP, 0, NO_ID}, {NAMED_GROUP, 4, GROUP}, {MASK, 6, NO_ID},
        {OTHERS, 0, NO_ID});
}

#define GIVEN_ACL "1:-1:6 2:12:6 4:-1:0 8:34:4 16:-1:6 32:-1:0 "

START_TEST(acl_is_kept)
{
    if (!have_acls("acl_is_kept"))
        return;
    make_file("there/target", "old");
    ck_assert(give_acl("there/target"));
    put(_i, "there/target", 0);
    ck_assert_str_eq(acl_of("there/target"), GIVEN_ACL);
    ck_assert_uint_eq(mode_of("there/target"), 0660);
    ck_assert_str_eq(content("there/target"), "new");
}
END_TEST

START_TEST(permissions_leave_no_acl)
{
    if (!have_acls("permissions_leave_no_acl"))
        return;
    make_file("there/target", "old");
    ck_assert(give_acl("there/target"));
    put(_i, "there/target", 0640);
    ck_assert_str_eq(acl_of("there/target"), "");
    ck_assert_uint_eq(mode_of("there/target"), 0640);
}
END_TEST

static bool give_default_acl(const char *directory)
{
    return SET_ACL(directory, DEFAULT_ACL, {OWNER, 6, NO_ID}, {NAMED_USER, 6, USER},
        {ITS_GROUP, 4, NO_ID}, {MASK, 6, NO_ID}, {OTHERS, 0, NO_ID});
}

/* The directory's default ACL must not give users rights that the old file did not give.
 */
START_TEST(default_acl_is_not_for_old_files)
{
    if (!have_acls("default_acl_is_not_for_old_files"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chmod("there/target", 0640), 0);
    ck_assert(give_default_acl("there"));
    put(_i, "there/target", 0);
    ck_assert_str_eq(acl_of("there/target"), "");
    ck_assert_uint_eq(mode_of("there/target"), 0640);
}
END_TEST

START_TEST(default_acl_is_for_new_files)
{
    if (!have_acls("default_acl_is_for_new_files"))
        return;
    ck_assert(give_default_acl("there"));
    make_file("there/by fopen", "");
    put(_i, "there/target", 0);
    char expected[512];
    (void) snprintf(expected, sizeof expected, "%s", acl_of("there/by fopen"));
    ck_assert_str_ne(expected, "");
    ck_assert_str_eq(acl_of("there/target"), expected);
    ck_assert_uint_eq(mode_of("there/target"), mode_of("there/by fopen"));
}
END_TEST

START_TEST(default_acl_is_not_for_permissions)
{
    if (!have_acls("default_acl_is_not_for_permissions"))
        return;
    ck_assert(give_default_acl("there"));
    put(_i, "there/target", 0640);
    ck_assert_str_eq(acl_of("there/target"), "");
    ck_assert_uint_eq(mode_of("there/target"), 0640);
}
END_TEST

/* The new file gets the directory's ACL, which is as long as that of the old file. */
START_TEST(acl_is_kept_instead_of_the_default_acl)
{
    static const uint16_t bits[] = {4, 6}; /* the default ACL has 6 */
    char expected[64];
    if (!have_acls("acl_is_kept_instead_of_the_default_acl"))
        return;
    ck_assert(give_default_acl("there") && give_default_acl("streams"));
    for (size_t i = 0; i < COUNT(bits); i++) {
        make_file("there/target", "old");
        ck_assert(SET_ACL("there/target", ACCESS_ACL, {OWNER, 6, NO_ID},
            {NAMED_USER, bits[i], USER}, {ITS_GROUP, 4, NO_ID}, {MASK, 6, NO_ID},
            {OTHERS, 0, NO_ID}));
        (void) snprintf(expected, sizeof expected, "%s", acl_of("there/target"));
        put(_i, "there/target", 0);
        ck_assert_str_eq(acl_of("there/target"), expected);
    }
}
END_TEST

static FILE *open_in_there(int i, mode_t permissions)
{
    struct filelike_options options = {.dir = "there", .permissions = permissions};
    return i == 0 ? filelike_named("w+", &options) : filelike_temporary("w+", &options);
}

START_TEST(default_acl_is_not_for_permissions_of_streams)
{
    char path[64];
    if (!have_acls("default_acl_is_not_for_permissions_of_streams"))
        return;
    ck_assert(give_default_acl("there"));
    for (size_t i = 0; i < COUNT(systems); i++) {
        faults = systems[i];
        FILE *stream = open_in_there(_i, 0640);
        faults = (struct faults){0};
        int descriptor = filelike_fileno(stream);
        (void) snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
        ck_assert_str_eq(acl_of(path), "");
        ck_assert_uint_eq(mode_of(path), 0640);
        assert_closes(stream);
    }
}
END_TEST

/* Without PERMISSIONS, the default ACL gives no rights either. */
START_TEST(default_acl_gives_nothing_of_a_stream)
{
    char path[64];
    if (!have_acls("default_acl_gives_nothing_of_a_stream"))
        return;
    ck_assert(give_default_acl("there"));
    FILE *stream = open_in_there(_i, 0);
    (void) snprintf(path, sizeof path, "/proc/self/fd/%d", filelike_fileno(stream));
    ck_assert_uint_eq(mode_of(path), 0600);
    assert_closes(stream);
}
END_TEST

/* The default ACL of the directory that the file comes from does not matter. */
START_TEST(default_acl_stays_where_it_is)
{
    if (!have_acls("default_acl_stays_where_it_is"))
        return;
    ck_assert(give_default_acl("streams"));
    put(_i, "there/target", 0);
    ck_assert_str_eq(acl_of("there/target"), "");
    ck_assert_uint_eq(mode_of("there/target"), 0644);
}
END_TEST

/* ---- ACLs that cannot be set ---------------------------------------------------------
 */

static const int refusals[] = {EPERM, EACCES, EINVAL, EOPNOTSUPP, ENOSYS};
static int refusal;
static unsigned refusals_left;

static enum fault refuse_attributes(enum fault_call call)
{
    if (call != FAULT_FSETXATTR || refusals_left == 0)
        return FAULT_NONE;
    refusals_left--;
    errno = refusal;
    return FAULT_FAILS;
}

static void allow_refusals(int number, unsigned count)
{
    refusal = refusals[(size_t) number % COUNT(refusals)];
    refusals_left = count;
}

/* A named user may be in the owning group, and members of a named group may not. */
static void make_target_with_acl(void)
{
    make_file("there/target", "old");
    ck_assert(SET_ACL("there/target", ACCESS_ACL, {OWNER, 6, NO_ID},
        {NAMED_USER, 4, USER}, {ITS_GROUP, 6, NO_ID}, {NAMED_GROUP, 0, GROUP},
        {MASK, 6, NO_ID}, {OTHERS, 6, NO_ID}));
}

START_TEST(nobody_gains_if_the_acl_is_refused)
{
    if (!have_acls("nobody_gains_if_the_acl_is_refused"))
        return;
    make_target_with_acl();
    allow_refusals(_i, UINT32_MAX);
    put_with(_i, "there/target", 0, refuse_attributes);
    ck_assert_str_eq(content("there/target"), "new");
    ck_assert_str_eq(acl_of("there/target"), "");
    ck_assert_uint_eq(mode_of("there/target"), 0640);
}
END_TEST

/* The new file has the directory's ACL. It loses that, too. */
START_TEST(nobody_gains_by_the_default_acl_either)
{
    if (!have_acls("nobody_gains_by_the_default_acl_either"))
        return;
    ck_assert(give_default_acl("there") && give_default_acl("streams"));
    make_target_with_acl();
    allow_refusals(_i, 1);
    put_with(_i, "there/target", 0, refuse_attributes);
    ck_assert_str_eq(content("there/target"), "new");
    ck_assert_str_eq(acl_of("there/target"), "");
    ck_assert_uint_eq(mode_of("there/target"), 0640);
}
END_TEST

/* An ACL of the directory's that cannot be taken away gives rights to others. */
START_TEST(default_acl_that_stays_is_a_failure)
{
    if (!have_acls("default_acl_that_stays_is_a_failure"))
        return;
    ck_assert(give_default_acl("there"));
    make_target_with_acl();
    FILE *stream = filelike_memory("w+", NULL);
    allow_refusals(0, UINT32_MAX);
    faults.strike = refuse_attributes;
    assert_fails(filelike_persist(stream, "there/target", 0), -1, EPERM);
    faults.strike = NULL;
    ck_assert_str_eq(content("there/target"), "old");
    assert_closes(stream);
}
END_TEST

/* The mask of the directory's ACL is that of a file that was made with mode 0600. */
START_TEST(acl_that_is_there_already_may_be_refused)
{
    if (!have_acls("acl_that_is_there_already_may_be_refused"))
        return;
    ck_assert(give_default_acl("there") && give_default_acl("streams"));
    make_file("there/target", "old");
    ck_assert(
        SET_ACL("there/target", ACCESS_ACL, {OWNER, 6, NO_ID}, {NAMED_USER, 6, USER},
            {ITS_GROUP, 4, NO_ID}, {MASK, 0, NO_ID}, {OTHERS, 0, NO_ID}));
    allow_refusals(_i, UINT32_MAX);
    put_with(_i, "there/target", 0, refuse_attributes);
    ck_assert_str_eq(content("there/target"), "new");
    ck_assert_str_eq(acl_of("there/target"), "1:-1:6 2:12:6 4:-1:4 16:-1:0 32:-1:0 ");
}
END_TEST

/* The first call asks a file in memory what this process may set. */
static enum fault refuse_second_mode(enum fault_call call)
{
    static unsigned met;
    if (call == FAULT_FCHMOD && ++met == 2)
        faults.mode = EPERM;
    return FAULT_NONE;
}

/* The ACL could be kept, but not the set-group-ID bit. */
START_TEST(mode_beside_an_acl_may_be_refused)
{
    if (!have_acls("mode_beside_an_acl_may_be_refused"))
        return;
    make_target_with_acl();
    ck_assert_int_eq(chmod("there/target", 02664), 0);
    FILE *stream = filelike_memory("w+", NULL);
    faults.strike = refuse_second_mode;
    assert_fails(filelike_persist(stream, "there/target", 0), -1, EPERM);
    faults.strike = NULL;
    faults.mode = 0;
    ck_assert_str_eq(content("there/target"), "old");
    assert_closes(stream);
}
END_TEST

/* ---- Without privileges --------------------------------------------------------------
 */

static int replace_as_nobody(void *context)
{
    int number = *(int *) context;
    /* fs.protected_hardlinks restricts links to files of others. The stream's file is not
     * one. */
    put(number, "there/target", 0);
    return 0;
}

/* The old group had no rights. Its members now count as others, and must not gain by
 * that. */
START_TEST(nobody_gains_with_an_acl)
{
    struct stat status;
    if (!have_acls("nobody_gains_with_an_acl") || !is_root("nobody_gains_with_an_acl"))
        return;
    make_file("there/target", "old");
    ck_assert(SET_ACL("there/target", ACCESS_ACL, {OWNER, 6, NO_ID},
        {NAMED_USER, 4, USER}, {ITS_GROUP, 0, NO_ID}, {NAMED_GROUP, 6, GROUP},
        {MASK, 6, NO_ID}, {OTHERS, 6, NO_ID}));
    ck_assert_int_eq(as_nobody(replace_as_nobody, &_i), 0);
    ck_assert_int_eq(stat("there/target", &status), 0);
    ck_assert_uint_ne(status.st_uid, 0);
    ck_assert_str_eq(
        acl_of("there/target"), "1:-1:6 2:12:4 4:-1:0 8:34:6 16:-1:6 32:-1:0 ");
}
END_TEST

START_TEST(nobody_gains_without_an_acl)
{
    if (!is_root("nobody_gains_without_an_acl"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chmod("there/target", 0606), 0);
    ck_assert_int_eq(as_nobody(replace_as_nobody, &_i), 0);
    ck_assert_uint_eq(mode_of("there/target"), 0600);
}
END_TEST

/* The old owner was not allowed to write. He is a named user now. */
START_TEST(old_owner_does_not_gain_by_name)
{
    if (!have_acls("old_owner_does_not_gain_by_name") ||
        !is_root("old_owner_does_not_gain_by_name"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chown("there/target", USER, 0), 0);
    ck_assert(SET_ACL("there/target", ACCESS_ACL, {OWNER, 4, NO_ID},
        {NAMED_USER, 6, USER}, {NAMED_USER, 6, USER + 1}, {ITS_GROUP, 0, NO_ID},
        {MASK, 6, NO_ID}, {OTHERS, 6, NO_ID}));
    ck_assert_int_eq(as_nobody(replace_as_nobody, &_i), 0);
    ck_assert_str_eq(
        acl_of("there/target"), "1:-1:4 2:12:4 2:13:6 4:-1:0 16:-1:6 32:-1:0 ");
}
END_TEST

START_TEST(identities_are_not_lent)
{
    if (!is_root("identities_are_not_lent"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chmod("there/target", 06777), 0);
    ck_assert_int_eq(as_nobody(replace_as_nobody, &_i), 0);
    ck_assert_uint_eq(mode_of("there/target"), 0777);
}
END_TEST

/* Of the file that nobody has made here, only the group cannot be kept. */
START_TEST(group_is_not_lent)
{
    enum { NOBODY = 65534 };
    if (!is_root("group_is_not_lent"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chown("there/target", NOBODY, GROUP), 0);
    ck_assert_int_eq(chmod("there/target", 06777), 0);
    ck_assert_int_eq(as_nobody(replace_as_nobody, &_i), 0);
    ck_assert_uint_eq(mode_of("there/target"), 0777);
}
END_TEST

static int empty_as_nobody(void *unused)
{
    (void) unused;
    FILE *stream = fopen("there/target", "w");
    assert_closes(stream);
    return 0;
}

/* The user nobody owns the file. Its bits go when that user writes to it. */
START_TEST(identities_end_as_by_fopen)
{
    enum { NOBODY = 65534 };
    static const mode_t modes[] = {06775, 02745, 04644, 01755};
    if (!is_root("identities_end_as_by_fopen"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chown("there/target", NOBODY, NOBODY), 0);
    for (size_t i = 0; i < COUNT(modes); i++) {
        ck_assert_int_eq(chmod("there/target", modes[i]), 0);
        ck_assert_int_eq(as_nobody(empty_as_nobody, NULL), 0);
        mode_t expected = mode_of("there/target");
        ck_assert_int_eq(chmod("there/target", modes[i]), 0);
        ck_assert_int_eq(as_nobody(replace_as_nobody, &_i), 0);
        ck_assert_uint_eq(mode_of("there/target"), expected);
    }
}
END_TEST

/* ---- Owners --------------------------------------------------------------------------
 */

START_TEST(owner_is_kept)
{
    struct stat status;
    if (!is_root("owner_is_kept"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chown("there/target", USER, GROUP), 0);
    ck_assert_int_eq(chmod("there/target", 04755), 0);
    put(_i, "there/target", 0);
    ck_assert_int_eq(stat("there/target", &status), 0);
    ck_assert(status.st_uid == USER && status.st_gid == GROUP);
    ck_assert_uint_eq(mode_of("there/target"), 04755);
    put(_i, "there/target", 0640);
    ck_assert_int_eq(stat("there/target", &status), 0);
    ck_assert(status.st_uid == USER && status.st_gid == GROUP);
    ck_assert_uint_eq(mode_of("there/target"), 0640);
}
END_TEST

/* Only the group may be changed. */
static enum fault refuse_owner(enum fault_call call)
{
    static bool is_second;
    if (call != FAULT_FCHOWN)
        return FAULT_NONE;
    is_second = !is_second;
    errno = EPERM;
    return is_second ? FAULT_FAILS : FAULT_NONE;
}

START_TEST(group_is_kept_without_the_owner)
{
    struct stat status;
    if (!is_root("group_is_kept_without_the_owner"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chown("there/target", USER, GROUP), 0);
    ck_assert_int_eq(chmod("there/target", 0466), 0);
    put_with(_i, "there/target", 0, refuse_owner);
    ck_assert_int_eq(stat("there/target", &status), 0);
    ck_assert(status.st_uid == 0 && status.st_gid == GROUP);
    ck_assert_uint_eq(mode_of("there/target"), 0444);
}
END_TEST

/* A signal comes, and then a quota is exceeded. */
static enum fault refuse_group(enum fault_call call)
{
    static const int errors[] = {EPERM, EINTR, EDQUOT};
    static size_t next;
    if (call != FAULT_FCHOWN)
        return FAULT_NONE;
    errno = errors[next++ % COUNT(errors)];
    return FAULT_FAILS;
}

START_TEST(group_that_fails_is_told)
{
    if (!is_root("group_that_fails_is_told"))
        return;
    make_file("there/target", "old");
    ck_assert_int_eq(chown("there/target", USER, GROUP), 0);
    FILE *stream = filelike_memory("w+", NULL);
    faults.strike = refuse_group;
    assert_fails(filelike_persist(stream, "there/target", 0), -1, EDQUOT);
    faults.strike = NULL;
    ck_assert_str_eq(content("there/target"), "old");
    assert_closes(stream);
}
END_TEST

/* A file that fopen creates has the group of its directory, too. */
START_TEST(new_file_has_the_group_of_its_directory)
{
    struct stat status;
    if (!is_root("new_file_has_the_group_of_its_directory"))
        return;
    ck_assert_int_eq(chown("there", USER, GROUP) + chmod("there", 02777), 0);
    for (int i = 0; i < 2; i++) {
        put(_i, "there/target", i == 0 ? 0 : 0640);
        ck_assert_int_eq(stat("there/target", &status), 0);
        ck_assert(status.st_uid == 0 && status.st_gid == GROUP);
        ck_assert_int_eq(unlink("there/target"), 0);
    }
}
END_TEST

/* ---- Extended attributes -------------------------------------------------------------
 */

enum { LARGE = 1500 };

static char large[LARGE];

static bool set_value(const char *name, const void *value, size_t size)
{
    return setxattr("there/target", name, value, size, 0) == 0;
}

static bool has_value(const char *name, const void *value, size_t size)
{
    char read[LARGE + 1];
    return getxattr("there/target", name, read, sizeof read) == (ssize_t) size &&
           memcmp(read, value, size) == 0;
}

START_TEST(extended_attributes_are_kept)
{
    make_file("there/target", "old");
    make_pattern(large, sizeof large);
    if (!set_value("user.filelike.test", "value", 5)) {
        say_skipped("extended_attributes_are_kept", strerror(errno));
        return;
    }
    bool is_trusted = set_value("trusted.filelike", "trust", 5);
    bool is_secure = set_value("security.filelike", "", 0);
    ck_assert(set_value("user.filelike.large", large, sizeof large));
    put(_i, "there/target", 0);
    put(_i, "there/target", 0640);
    ck_assert_str_eq(content("there/target"), "new");
    ck_assert(has_value("user.filelike.test", "value", 5));
    ck_assert(has_value("user.filelike.large", large, sizeof large));
    ck_assert(!is_trusted || has_value("trusted.filelike", "trust", 5));
    ck_assert(!is_secure || has_value("security.filelike", "", 0));
    if (!is_trusted || !is_secure)
        say_skipped("trusted and security attributes", "this user may not set them");
}
END_TEST

/* The file of a stream has one of the attributes already. */
START_TEST(extended_attribute_that_is_there_is_not_set_again)
{
    static const char *const own[] = {"value", "eulav", "valu"};
    struct filelike_options options = {.dir = "streams"};
    for (size_t i = 0; i < COUNT(own); i++) {
        make_file("there/target", "old");
        FILE *stream = filelike_named("w+", &options);
        int file = filelike_fileno(stream);
        if (!set_value("user.filelike.test", "value", 5) ||
            fsetxattr(file, "user.filelike.test", own[i], strlen(own[i]), 0) != 0) {
            say_skipped("extended attributes", strerror(errno));
            return;
        }
        refusal = ENOSPC;
        refusals_left = i == 0 ? UINT32_MAX : 0;
        faults.strike = refuse_attributes;
        ck_assert_int_eq(filelike_persist(stream, "there/target", 0), 0);
        faults.strike = NULL;
        ck_assert(has_value("user.filelike.test", "value", 5));
        assert_closes(stream);
    }
}
END_TEST

/* A capability was given to the old bytes, not to the new ones. */
START_TEST(trust_in_the_old_bytes_is_not_kept)
{
    /* linux/capability.h: revision 2, CAP_NET_RAW permitted */
    static const unsigned char capability[20] = {0, 0, 0, 2, 0, 0x20};
    make_file("there/target", "old");
    if (!set_value("security.capability", capability, sizeof capability)) {
        say_skipped("trust_in_the_old_bytes_is_not_kept", strerror(errno));
        return;
    }
    put(_i, "there/target", 0);
    ck_assert(!has_value("security.capability", capability, sizeof capability));
}
END_TEST

static int keep_as_nobody(void *context)
{
    int number = *(int *) context;
    make_file("there/target", "old");
    if (!set_value("user.filelike.test", "value", 5))
        return 0;
    /* Permission bits as narrow as these are set last. */
    ck_assert_int_eq(chmod("there/target", 0200), 0);
    bool can_read = getxattr("there/target", "user.filelike.test", NULL, 0) != -1;
    put(number, "there/target", 0);
    ck_assert_int_eq(chmod("there/target", 0600), 0);
    ck_assert(!can_read || has_value("user.filelike.test", "value", 5));
    put(number, "there/target", 0);
    return 0;
}

START_TEST(what_may_not_be_read_is_no_failure)
{
    ck_assert_int_eq(as_nobody(keep_as_nobody, &_i), 0);
}
END_TEST

/* ---- As before -----------------------------------------------------------------------
 */

static void make_other_target(void)
{
    make_file("there/target", "old");
    ck_assert_int_eq(chmod("there/target", 0666), 0);
    (void) setxattr("there/target", "user.filelike.test", "value", 5, 0);
    (void) setxattr("there/target", "user.filelike.more", "more", 4, 0);
    (void) give_acl("there/target");
    (void) !chown("there/target", USER, GROUP);
}

static ssize_t own_value(int descriptor, const char *name, char value[16])
{
    ssize_t size = fgetxattr(descriptor, name, value, 16);
    value[size > 0 ? size : 0] = '\0';
    return size;
}

static void check_as_before(int descriptor, const struct stat *before)
{
    char value[16];
    struct stat after;
    ck_assert_int_eq(fstat(descriptor, &after), 0);
    ck_assert_uint_eq(after.st_mode, before->st_mode);
    ck_assert(after.st_uid == before->st_uid && after.st_gid == before->st_gid);
    ck_assert_int_eq(fgetxattr(descriptor, ACCESS_ACL, NULL, 0), -1);
    ck_assert_int_eq(own_value(descriptor, "user.filelike.more", value), -1);
    if (own_value(descriptor, "user.filelike.test", value) > 0)
        ck_assert_str_eq(value, "own");
}

static void fail_to_persist(FILE *stream, int error, bool interrupts)
{
    faults = (struct faults){.rename = error, .interrupts = interrupts};
    assert_fails(filelike_persist(stream, "there/target", 0), -1, error);
    faults = (struct faults){0};
}

/* A failure takes back all that the stream's own file was given for the target. */
START_TEST(failure_takes_everything_back)
{
    struct stat before;
    struct filelike_options options = {.dir = "streams"};
    make_other_target();
    FILE *stream =
        _i % 2 == 0 ? filelike_named("w+", &options) : filelike_temporary("w+", &options);
    int descriptor = filelike_fileno(stream);
    (void) fsetxattr(descriptor, "user.filelike.test", "own", 3, 0);
    ck_assert_int_eq(fstat(descriptor, &before), 0);
    fail_to_persist(stream, EIO, _i >= 2);
    check_as_before(descriptor, &before);
    /* The library then tries a copy, which cannot be renamed either. */
    fail_to_persist(stream, EXDEV, _i >= 2);
    check_as_before(descriptor, &before);
    assert_closes(stream);
}
END_TEST

/* ---- Nothing to change ---------------------------------------------------------------
 */

START_TEST(what_needs_no_change_is_not_changed)
{
    make_file("there/target", "old");
    ck_assert_int_eq(chmod("there/target", 0600), 0);
    forget_calls();
    put(_i, "there/target", 0);
    ck_assert_ptr_null(strchr(calls_made(), 'm'));
    ck_assert_uint_eq(mode_of("there/target"), 0600);
}
END_TEST

/* ---- The suite -----------------------------------------------------------------------
 */

#define ADD_FOR_PUTTINGS(test) tcase_add_loop_test(test_case, test, 0, PUTTINGS)
#define ADD_FOR_STREAMS(test) tcase_add_loop_test(test_case, test, 0, 2)

int main(void)
{
    Suite *suite = suite_create("attributes");
    TCase *test_case = suite_case(suite, "attributes");
    tcase_add_checked_fixture(test_case, enter, scratch_leave);
    ADD_FOR_PUTTINGS(acl_is_kept);
    ADD_FOR_PUTTINGS(permissions_leave_no_acl);
    ADD_FOR_PUTTINGS(default_acl_is_not_for_old_files);
    ADD_FOR_PUTTINGS(default_acl_is_for_new_files);
    ADD_FOR_PUTTINGS(default_acl_is_not_for_permissions);
    ADD_FOR_STREAMS(default_acl_is_not_for_permissions_of_streams);
    ADD_FOR_STREAMS(default_acl_gives_nothing_of_a_stream);
    ADD_FOR_PUTTINGS(default_acl_stays_where_it_is);
    ADD_FOR_PUTTINGS(acl_is_kept_instead_of_the_default_acl);
    ADD_FOR_PUTTINGS(nobody_gains_if_the_acl_is_refused);
    ADD_FOR_PUTTINGS(acl_that_is_there_already_may_be_refused);
    ADD_FOR_PUTTINGS(old_owner_does_not_gain_by_name);
    ADD_FOR_PUTTINGS(group_is_not_lent);
    ADD_FOR_PUTTINGS(group_is_kept_without_the_owner);
    ADD_FOR_PUTTINGS(nobody_gains_with_an_acl);
    ADD_FOR_PUTTINGS(nobody_gains_without_an_acl);
    ADD_FOR_PUTTINGS(identities_are_not_lent);
    ADD_FOR_PUTTINGS(identities_end_as_by_fopen);
    ADD_FOR_PUTTINGS(owner_is_kept);
    ADD_FOR_PUTTINGS(new_file_has_the_group_of_its_directory);
    ADD_FOR_PUTTINGS(extended_attributes_are_kept);
    ADD_FOR_PUTTINGS(trust_in_the_old_bytes_is_not_kept);
    ADD_FOR_PUTTINGS(what_may_not_be_read_is_no_failure);
    ADD_FOR_PUTTINGS(what_needs_no_change_is_not_changed);
    tcase_add_loop_test(test_case, failure_takes_everything_back, 0, 4);
    tcase_add_loop_test(
        test_case, nobody_gains_by_the_default_acl_either, 0, COUNT(ways));
    tcase_add_test(test_case, default_acl_that_stays_is_a_failure);
    tcase_add_test(test_case, mode_beside_an_acl_may_be_refused);
    tcase_add_test(test_case, group_that_fails_is_told);
    tcase_add_test(test_case, extended_attribute_that_is_there_is_not_set_again);
    return suite_run(suite);
}
