/* capture_test: a unit test of a function that prints.
 *
 * usage: capture_test
 *
 * The function prints through stdio, and lets a program print that it starts. The test
 * catches both in a stream in memory and compares them with what is wanted. It says what
 * it has found in the form of TAP, the Test Anything Protocol.
 *
 * SPDX-License-Identifier: MIT
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <filelike.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- The function to be tested -------------------------------------------------------
 */

static void print_shopping_list(void)
{
    printf("To buy:\n");
    (void) fflush(stdout); /* before a program prints, as always */
    if (system("printf 'pear\\napple\\n' | sort") != 0)
        printf("nothing\n");
    printf("That is all.\n");
}

/* ---- The test ------------------------------------------------------------------------
 */

__attribute__((noreturn)) static void give_up(const char *what, const char *remedy)
{
    fprintf(stderr, "capture_test: %s: %s\n%s\n", what, strerror(errno), remedy);
    exit(EXIT_FAILURE);
}

/* Whether all that PRINT prints is WANTED. */
static bool prints(void (*print)(void), const char *wanted)
{
    FILE *caught = filelike_memory("w+", NULL);
    if (caught == NULL || filelike_redirect(stdout, caught) != 0)
        give_up("the output cannot be redirected", "Run it with stdout open.");
    print();
    if (filelike_restore(stdout) != 0)
        give_up("the output is not complete", "Free some memory.");
    const char *text = filelike_view(caught, NULL);
    if (text == NULL)
        give_up("the output cannot be seen", "Free some memory.");
    bool same = strcmp(text, wanted) == 0;
    (void) fclose(caught);
    return same;
}

int main(void)
{
    bool good = prints(print_shopping_list, "To buy:\napple\npear\nThat is all.\n");
    printf("1..1\n%s 1 - the shopping list is sorted\n", good ? "ok" : "not ok");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
