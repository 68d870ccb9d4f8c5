/* Whether other processes use the machine. */
#ifndef QUIET_H
#define QUIET_H

/* Processor time, in seconds, of everything but this process and its children since the
 * machine started, a hypervisor's guests included. 0 if it is not known. */
double quiet_foreign_time(void);

#endif
