// Preloaded under valgrind, whose version in Debian 12 lacks pidfd_open: returns a descriptor that
// never becomes ready. The sidecar can start its child there but does not notice the child's end.
#include <cerrno>
#include <cstdarg>
#include <sys/eventfd.h>
#include <sys/syscall.h>

namespace {

// Six registers: x86-64 and AArch64.
long raw_syscall(long number, const long (&a)[6]) {
#if defined(__x86_64__)
  register long r10 asm("r10") = a[3];
  register long r8 asm("r8") = a[4];
  register long r9 asm("r9") = a[5];
  long result = 0;
  asm volatile("syscall"
               : "=a"(result)
               : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a[0];
  register long x1 asm("x1") = a[1];
  register long x2 asm("x2") = a[2];
  register long x3 asm("x3") = a[3];
  register long x4 asm("x4") = a[4];
  register long x5 asm("x5") = a[5];
  asm volatile("svc 0"
               : "+r"(x0)
               : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
               : "memory");
  return x0;
#else
#error "no system call known for this machine"
#endif
}

}  // namespace

extern "C" long syscall(long number, ...) noexcept {
  if (number == SYS_pidfd_open) return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  long arguments[6];
  va_list list;
  va_start(list, number);
  for (long& argument : arguments) argument = va_arg(list, long);
  va_end(list);
  const long result = raw_syscall(number, arguments);
  if (result >= 0 || result < -4095) return result;
  errno = static_cast<int>(-result);
  return -1;
}
