// What the operating system says of this process. Thread-safe.
#pragma once

#include <cstdint>

namespace troupe::node {

struct process_figures {
  std::uint64_t resident_bytes = 0, virtual_bytes = 0;
  double cpu_seconds = 0, started_s = 0;  // since 1970
  std::uint64_t open_descriptors = 0, descriptors_max = 0, threads = 0;
};

process_figures read_process();
// Of so many descriptors, how many clients do not get: the store, the log, other listeners.
std::uint64_t descriptors_kept(std::uint64_t all);
// As many open files as the system lets us have.
void raise_descriptor_limit();
// A signal that ends the process has come and is not taken yet: main() blocks them all and waits for them.
bool is_to_end();

}  // namespace troupe::node
