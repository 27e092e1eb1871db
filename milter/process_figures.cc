// SPDX-License-Identifier: Apache-2.0
#include "milter/process_figures.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

namespace icm {
namespace {

double seconds_of(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// When the kernel started; the same at every call, though clocks are set. /proc/stat says it, too,
// and is hidden from a unit with ProcSubset=pid.
double boot_time() {
  static const double time = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME);
  return time;
}

std::uint64_t open_files() {
  std::error_code error;
  const std::filesystem::directory_iterator folder("/proc/self/fd", error);
  if (error) return 0;
  const auto count = std::distance(folder, std::filesystem::directory_iterator());
  return static_cast<std::uint64_t>(count) - 1;  // without the one that looks
}

}  // namespace

ProcessFigures process_figures() {
  ProcessFigures figures;
  figures.open_files = open_files();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.most_files = limit.rlim_cur;
  std::string line;
  std::getline(std::ifstream("/proc/self/stat"), line);
  const std::size_t name_end = line.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return figures;
  std::istringstream words(line.substr(name_end + 1));
  std::string state;
  words >> state;
  // proc(5): fields from ppid, the fourth, to rss, the twenty-fourth.
  constexpr std::size_t first = 4;
  constexpr std::size_t last = 24;
  double fields[last + 1] = {};
  for (std::size_t i = first; i <= last; ++i) words >> fields[i];
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  figures.cpu_seconds = (fields[14] + fields[15]) / ticks;
  figures.threads = static_cast<std::uint64_t>(fields[20]);
  figures.started = boot_time() + fields[22] / ticks;
  figures.virtual_memory = static_cast<std::uint64_t>(fields[23]);
  figures.resident =
      static_cast<std::uint64_t>(fields[24]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return figures;
}

}  // namespace icm
