#include "node/process.hpp"

#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace troupe::node {
namespace {

double boot_time_s() {
  std::ifstream in("/proc/stat");
  std::string word;
  while (in >> word)
    if (word == "btime") {
      double at = 0;
      in >> at;
      return at;
    }
  return 0;
}

}  // namespace

process_figures read_process() {
  process_figures out;
  std::ifstream in("/proc/self/stat");
  std::string line;
  std::getline(in, line);
  // The name in parentheses may hold anything: fields are counted from its end.
  auto end = line.rfind(')');
  if (end == std::string::npos) return out;
  std::istringstream fields(line.substr(end + 1));
  std::string value;
  static const double ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const double boot = boot_time_s();
  for (int field = 3; fields >> value; ++field) {
    switch (field) {
      case 14:
      case 15: out.cpu_seconds += std::stod(value) / ticks; break;
      case 20: out.threads = std::stoull(value); break;
      case 22: out.started_s = boot + std::stod(value) / ticks; break;
      case 23: out.virtual_bytes = std::stoull(value); break;
      case 24: out.resident_bytes = std::stoull(value) * static_cast<std::uint64_t>(::getpagesize()); break;
      default: break;
    }
  }
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), last; !error && at != last;
       at.increment(error))
    ++out.open_descriptors;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) out.descriptors_max = limit.rlim_cur;
  return out;
}

// RocksDB has at most 512 files open.
std::uint64_t descriptors_kept(std::uint64_t all) { return std::min<std::uint64_t>(512 + 128, all / 2); }

void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

bool is_to_end() {
  sigset_t pending;
  if (::sigpending(&pending) != 0) return false;
  return sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1 ||
         sigismember(&pending, SIGHUP) == 1;
}

}  // namespace troupe::node
