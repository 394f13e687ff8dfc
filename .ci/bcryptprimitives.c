/* The one function that Rust's standard library takes from Windows' bcryptprimitives.dll, for a Wine without that
   library (Debian 12 has Wine 8.0). Only the smoke run uses it; it is never shipped. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE data, SIZE_T length) { return RtlGenRandom(data, (ULONG)length); }
