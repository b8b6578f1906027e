# Every library comes from Debian. Those with no CMake config of their own get an imported target here.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(CapnProto REQUIRED)
find_package(RocksDB REQUIRED)
find_package(spdlog REQUIRED)
find_package(simdjson REQUIRED)
find_package(Protobuf REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(prometheus-cpp REQUIRED)
find_package(ZLIB REQUIRED)
pkg_check_modules(PISTACHE REQUIRED IMPORTED_TARGET libpistache)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
find_library(WSLAY_LIBRARY wslay REQUIRED)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)

add_library(troupe_caf INTERFACE)
foreach(part core io openssl)
  find_library(CAF_${part} caf_${part} REQUIRED)
  target_link_libraries(troupe_caf INTERFACE ${CAF_${part}})
endforeach()
target_link_libraries(troupe_caf INTERFACE OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

# libraft: bookworm's own 0.15 lacks fixes of Raft's safety rules, bookworm-backports has 0.22.1.
pkg_check_modules(RAFT REQUIRED IMPORTED_TARGET raft>=0.22.1)

# OpenTelemetry's messages: Debian ships what protoc made of them as sources, to be compiled here.
find_path(OTLP_SOURCES opentelemetry/proto/trace/v1/trace.pb.cc REQUIRED)
set(otlp_sources)
foreach(part common/v1/common resource/v1/resource trace/v1/trace metrics/v1/metrics logs/v1/logs
        collector/trace/v1/trace_service collector/metrics/v1/metrics_service collector/logs/v1/logs_service)
  list(APPEND otlp_sources ${OTLP_SOURCES}/opentelemetry/proto/${part}.pb.cc)
endforeach()
add_library(troupe_otlp_messages STATIC EXCLUDE_FROM_ALL ${otlp_sources})
target_link_libraries(troupe_otlp_messages PUBLIC protobuf::libprotobuf)
