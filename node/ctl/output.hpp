// What troupectl prints: one JSON tree, shown as a table, as JSON or as YAML. Errors go the same way.
#pragma once

#include <boost/json/value.hpp>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/result.hpp"

namespace troupe::ctl {

enum class output_format : std::uint8_t { table, json, yaml };
enum class colours : std::uint8_t { off, on };

struct column {
  std::string_view header;
  std::string_view path;  // "totals.cost_usd" within a row
};

// A table of rows (an array of objects), or of one object's members when 'columns' is empty.
std::string table_of(const boost::json::value& rows, const std::vector<column>& columns, colours use);
std::string yaml_of(const boost::json::value& v);
std::string pretty_json(const boost::json::value& v);

class printer {
 public:
  printer(std::ostream& out, std::ostream& err, output_format format, colours use)
      : out_(out), err_(err), format_(format), colours_(use) {}

  output_format format() const { return format_; }
  // 'whole' as JSON or YAML; as a table 'rows' in 'columns'.
  void show(const boost::json::value& whole, const boost::json::value& rows,
            const std::vector<column>& columns);
  // One of many, as it comes: a line of JSON, a YAML document, or 'line'.
  void show_one(const boost::json::value& item, const std::string& line);
  void note(std::string_view text);  // for people only: with tables
  void error(const failure& f);
  bool good() const { return out_.good(); }

 private:
  std::ostream& out_;
  std::ostream& err_;
  output_format format_;
  colours colours_;
};

}  // namespace troupe::ctl
