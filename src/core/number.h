/* Numbers as text, the same in every locale: a program that speaks German must not store "0,5". */
#ifndef CORE_NUMBER_H
#define CORE_NUMBER_H

#include <stddef.h>

enum { NUMBER_TEXT = 32 }; /* bytes that hold any double, with the NUL */

/* The whole of `text` as a finite decimal number; 0 if it is not one (spaces, hexadecimal, "nan" and "inf" are not). */
int number_parse(const char *text, double *value);

/* Shortest of %.15g, %.16g and %.17g that reads back as the same double. */
void number_print(char text[NUMBER_TEXT], double value);

/* To so many significant digits, at most 17, as %g writes it; 0: as number_print. */
void number_print_rounded(char text[NUMBER_TEXT], double value, int digits);

#endif
