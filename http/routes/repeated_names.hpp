// Whether an object of a JSON text names a member twice. Readers differ in which one counts (RFC 8259, 4), so that what
// a proxy has checked need not be what is done here: such a text is refused. Pure function.
#pragma once

#include <boost/json/value.hpp>
#include <string_view>

namespace troupe::http {

// 'parsed': the value that Boost.JSON made of 'text', which keeps one of each name.
bool has_repeated_names(std::string_view text, const boost::json::value& parsed);

}  // namespace troupe::http
