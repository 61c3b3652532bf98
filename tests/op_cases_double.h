/* The cases of op_cases.h in double, on the plain C kernels: analytic gradients and central differences. */
#ifndef TESTS_OP_CASES_DOUBLE_H
#define TESTS_OP_CASES_DOUBLE_H

#include <stddef.h>

typedef struct double_case double_case;

/* NULL when a case cannot be run. */
double_case *double_case_open(size_t index);
void double_case_close(double_case *d);
/* What the operation answered; its number of values in *n. */
const double *double_case_output(const double_case *d, size_t *n);
/* d(loss)/d(input), as backward has it. NULL where no gradient is wanted. */
const double *double_case_gradient(const double_case *d, int input);
/* d(loss)/d(input[element]), as central differences have it. */
double double_case_slope(double_case *d, int input, size_t element);

#endif
