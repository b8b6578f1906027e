#include "tests/bench/disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <vector>

#include "tests/bench/loop.hpp"

namespace troupe::bench {

namespace {

constexpr std::int64_t file_bytes = 64 * 1024 * 1024;

class probe_file {
 public:
  explicit probe_file(const std::string& path)
      : path_(path), fd_(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600)) {
    if (fd_ < 0) throw std::runtime_error(path + ": " + std::strerror(errno));
  }
  ~probe_file() {
    close(fd_);
    unlink(path_.c_str());
  }
  // Written through once: blocks that were only reserved would still be marked as used with the first write.
  void preallocate() {
    std::vector<char> zeros(1024 * 1024);
    for (std::int64_t at = 0; at < file_bytes; at += static_cast<std::int64_t>(zeros.size()))
      write(zeros, at);
    fsync(fd_);
  }
  void write(const std::vector<char>& bytes, std::int64_t at) {
    if (pwrite(fd_, bytes.data(), bytes.size(), at) != static_cast<ssize_t>(bytes.size()))
      throw std::runtime_error(path_ + ": " + std::strerror(errno));
  }
  void sync() {
    if (fdatasync(fd_) < 0) throw std::runtime_error(path_ + ": " + std::strerror(errno));
  }

 private:
  std::string path_;
  int fd_;
};

// Synced writes a second.
double writes_per_second(probe_file& file, std::size_t bytes, bool round_and_round, double seconds) {
  std::vector<char> block(bytes, 'x');
  auto start = now_ns(), end = start + static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t at = 0, count = 0;
  for (; now_ns() < end; ++count) {
    file.write(block, at);
    file.sync();
    at += static_cast<std::int64_t>(bytes);
    if (round_and_round && at + static_cast<std::int64_t>(bytes) > file_bytes) at = 0;
  }
  return static_cast<double>(count) * 1e9 / static_cast<double>(now_ns() - start);
}

}  // namespace

disk_rates probe_disk(const std::string& folder, double seconds_each) {
  disk_rates rates;
  {
    probe_file growing(folder + "/growing.probe");
    rates.appends_per_second = writes_per_second(growing, 4096, false, seconds_each);
  }
  probe_file full(folder + "/full.probe");
  full.preallocate();
  rates.overwrites_per_second = writes_per_second(full, 4096, true, seconds_each);
  rates.group_16k_bytes_per_second = writes_per_second(full, 16 * 1024, true, seconds_each) * 16 * 1024;
  rates.group_1m_bytes_per_second = writes_per_second(full, 1024 * 1024, true, seconds_each) * 1024 * 1024;
  return rates;
}

}  // namespace troupe::bench
