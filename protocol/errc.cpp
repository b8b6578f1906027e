#include "protocol/errc.hpp"

namespace troupe {

std::string_view to_string(errc code) noexcept {
  switch (code) {
    case errc::none: return "none";
    case errc::invalid_argument: return "invalid_argument";
    case errc::not_found: return "not_found";
    case errc::conflict: return "conflict";
    case errc::version_mismatch: return "version_mismatch";
    case errc::idempotency_mismatch: return "idempotency_mismatch";
    case errc::in_flight: return "in_flight";
    case errc::unauthenticated: return "unauthenticated";
    case errc::forbidden: return "forbidden";
    case errc::too_large: return "too_large";
    case errc::overloaded: return "overloaded";
    case errc::not_leader: return "not_leader";
    case errc::unavailable: return "unavailable";
    case errc::timed_out: return "timed_out";
    case errc::no_space: return "no_space";
    case errc::corrupt: return "corrupt";
    case errc::unsupported: return "unsupported";
    case errc::internal: return "internal";
  }
  return "unknown";
}

int http_status(errc code) noexcept {
  switch (code) {
    case errc::none: return 200;
    case errc::invalid_argument: return 400;
    case errc::not_found: return 404;
    case errc::conflict: return 409;
    case errc::version_mismatch: return 412;
    case errc::idempotency_mismatch: return 422;
    case errc::in_flight: return 409;
    case errc::unauthenticated: return 401;
    case errc::forbidden: return 403;
    case errc::too_large: return 413;
    case errc::overloaded: return 429;
    case errc::not_leader: return 503;
    case errc::unavailable: return 503;
    case errc::timed_out: return 504;
    case errc::no_space: return 507;
    case errc::corrupt: return 500;
    case errc::unsupported: return 501;
    case errc::internal: return 500;
  }
  return 500;
}

}  // namespace troupe
