/* Whether anybody else uses the machine. */
#ifndef QUIET_H
#define QUIET_H

/* Processor time in seconds that others than this process and its children have taken
 * since the machine started, a hypervisor's guests included; 0 where that is not known.
 */
double quiet_foreign_time(void);

#endif
