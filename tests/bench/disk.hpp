// What this disk can do: synced writes a second of 4 KiB into a preallocated and into a growing file, and bytes a second
// with groups of 16 KiB and 1 MiB, each group synced.
#pragma once

#include <string>

namespace troupe::bench {

struct disk_rates {
  double overwrites_per_second = 0, appends_per_second = 0;
  double group_16k_bytes_per_second = 0, group_1m_bytes_per_second = 0;
};

disk_rates probe_disk(const std::string& folder, double seconds_each);

}  // namespace troupe::bench
