#include "storage/rocks_log.hpp"

#include <spdlog/spdlog.h>

#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace troupe::storage {

namespace {

constexpr std::size_t line_bytes_max = 2048;  // longer lines are cut

spdlog::level::level_enum level_of(rocksdb::InfoLogLevel level) {
  switch (level) {
    case rocksdb::InfoLogLevel::WARN_LEVEL: return spdlog::level::warn;
    case rocksdb::InfoLogLevel::ERROR_LEVEL:
    case rocksdb::InfoLogLevel::FATAL_LEVEL: return spdlog::level::err;
    default: return spdlog::level::debug;
  }
}

class rocks_log final : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;

  void Logv(const char* format, va_list values) override {
    Logv(rocksdb::InfoLogLevel::INFO_LEVEL, format, values);
  }

  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list values) override {
    auto as = level_of(level);
    if (!spdlog::should_log(as)) return;
    char line[line_bytes_max];
    std::vsnprintf(line, sizeof line, format, values);
    spdlog::log(as, "rocksdb: {}", std::string_view(line));
  }
};

}  // namespace

std::shared_ptr<rocksdb::Logger> make_rocks_log() { return std::make_shared<rocks_log>(); }

}  // namespace troupe::storage
