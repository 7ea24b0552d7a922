#include "sql_router/catalog/catalog_builder.hpp"

#include <deque>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "sql_router/catalog/plpgsql_body.hpp"
#include "sql_router/classifier.hpp"
#include "sql_router/function_table.hpp"
#include "sql_router/name_rules.hpp"

namespace howdah {

namespace {

// Standard-conforming: BEGIN ATOMIC ... END, or RETURN expression. What the catalog tells of them is written alike by the
// server, whoever wrote them.
std::string plain_sql(std::string_view body) {
  constexpr std::string_view kAtomic = "BEGIN ATOMIC";
  constexpr std::string_view kReturn = "RETURN ";
  const std::size_t begin = std::min(body.find_first_not_of(" \n"), body.size());
  body.remove_prefix(begin);
  if (body.starts_with(kReturn)) return "SELECT " + std::string(body.substr(kReturn.size()));
  if (!body.starts_with(kAtomic)) return std::string(body);
  body.remove_prefix(kAtomic.size());
  return std::string(body.substr(0, body.rfind("END")));
}

void append(BodyReading& to, BodyReading&& more) {
  to.effects.add(more.effects, {});
  to.has_unknown_part |= more.has_unknown_part;
  to.functions.insert(to.functions.end(), more.functions.begin(), more.functions.end());
  to.uses.insert(to.uses.end(), more.uses.begin(), more.uses.end());
  to.relations.insert(to.relations.end(), more.relations.begin(), more.relations.end());
}

BodyReading read_function(const CatalogFunction& function) {
  BodyReading reading;
  if (function.language == "plpgsql") {
    reading = read_plpgsql(function.body);
  } else if (!function.body.empty()) {  // sql, or an aggregate
    reading = read_sql(function.language == "sql" ? plain_sql(function.body) : function.body);
  } else if (function.language != "sql") {
    const auto known = judge_extension_function(function.name.name);
    if (known && function.language == "c") reading.effects = *known;
    else reading.has_unknown_part = true;
  }
  reading.effects.reads_transaction_time |= reading.has_unknown_part;
  // Who declares it STABLE or IMMUTABLE vouches for what cannot be seen, as for functions in C.
  if (reading.has_unknown_part && function.volatility == 'v')
    reading.effects.add(unknown_effects(RouteReason::unknown_function), {});
  if (!function.defaults.empty()) append(reading, read_sql("SELECT " + function.defaults));
  return reading;
}

BodyReading read_relation(const CatalogRelation& relation, const CatalogRules& rules) {
  BodyReading reading;
  if (!relation.definition.empty()) reading = read_sql(relation.definition);
  if (reading.has_unknown_part) reading.effects.add(unknown_effects(RouteReason::unknown_relation), {});
  // Sequences are read ahead on standbys: last_value is another there.
  if (relation.kind == 'S') reading.effects.add({.reason = RouteReason::sequence_value}, {});
  if (relation.kind == 'f' && !rules.foreign_reads_may_use_replica)
    reading.effects.add({.reason = RouteReason::foreign_table}, {});
  if (relation.persistence == 'u' && rules.checks_unlogged)
    reading.effects.add({.reason = RouteReason::unlogged_table}, {});
  return reading;
}

class Graph {
 public:
  Graph(const CatalogRows& rows, const CatalogRules& rules) {
    for (const CatalogFunction& function : rows.functions) {
      const bool is_use = function.language == kUse;
      add(is_use ? uses_ : functions_, is_use ? NodeKind::use : NodeKind::function, function.name, read_function(function));
    }
    link_operators(rows);
    const std::size_t first_relation = nodes_.size();
    std::unordered_map<std::uint32_t, std::size_t> by_oid;
    for (const CatalogRelation& relation : rows.relations) {
      by_oid[relation.oid] = nodes_.size();
      add(relations_, NodeKind::relation, relation.name, read_relation(relation, rules));
    }
    for (std::size_t i = 0; i < rows.relations.size(); ++i)
      for (const std::uint32_t parent : rows.relations[i].parents)
        if (const auto found = by_oid.find(parent); found != by_oid.end()) link(first_relation + i, found->second);
  }

  void run() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) join(i);
    while (!changed_.empty()) {
      const std::size_t inner = changed_.front();
      changed_.pop_front();
      nodes_[inner].is_queued = false;
      for (const std::size_t outer : nodes_[inner].used_by)
        if (nodes_[outer].reading.effects.add(nodes_[inner].reading.effects, to_text(nodes_[inner].name))) queue(outer);
    }
  }

  void tell(CatalogFacts& facts) const {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      switch (node.kind) {
        case NodeKind::function: facts.add_function(node.name, node.reading.effects); break;
        case NodeKind::use: facts.add_use(node.name, node.reading.effects); break;
        case NodeKind::relation: facts.add_relation(node.name, node.reading.effects); break;
      }
    }
  }

 private:
  enum class NodeKind : std::uint8_t { function, use, relation };

  struct Node {
    NodeKind kind;
    ObjectName name;
    BodyReading reading;
    std::vector<std::size_t> used_by = {};
    bool is_queued = false;
  };
  using Names = std::unordered_map<std::string, std::vector<std::size_t>>;  // by schema.name, and by name alone

  // The reader of PL/pgSQL sees no operators: a body that has the signs of one somewhere is taken to use it. Nodes are
  // numbered as the functions are.
  void link_operators(const CatalogRows& rows) {
    for (std::size_t inner = 0; inner < rows.functions.size(); ++inner) {
      const CatalogFunction& use = rows.functions[inner];
      if (use.language != kUse) continue;
      for (std::size_t outer = 0; outer < rows.functions.size(); ++outer)
        if (rows.functions[outer].language == "plpgsql" && rows.functions[outer].body.find(use.name.name) != std::string::npos)
          link(inner, outer);
    }
  }

  void add(Names& names, NodeKind kind, const ObjectName& name, BodyReading reading) {
    const std::size_t number = nodes_.size();
    names[to_text(name)].push_back(number);
    names[name.name].push_back(number);
    nodes_.push_back({kind, name, std::move(reading)});
    queue(number);
  }

  void link(std::size_t inner, std::size_t outer) { nodes_[inner].used_by.push_back(outer); }

  void queue(std::size_t number) {
    if (!std::exchange(nodes_[number].is_queued, true)) changed_.push_back(number);
  }

  static const std::vector<std::size_t>& find(const Names& names, const ObjectName& name) {
    static const std::vector<std::size_t> kNone;
    const auto found = names.find(to_text(name));
    return found == names.end() ? kNone : found->second;
  }

  // A name in PL/pgSQL may be a type, or a column that is a function.
  void link_uses(const ObjectName& name, std::size_t outer) {
    if (uses_.empty()) return;
    for (const char* mark : {"::", "."})
      for (const std::size_t number : find(uses_, {{}, mark + name.name})) link(number, outer);
  }

  // What it names are its inner nodes, or nobody's: then the name is judged here.
  void join(std::size_t outer) {
    Effects& effects = nodes_[outer].reading.effects;
    for (const ObjectName& function : nodes_[outer].reading.functions) {
      const auto& inner = find(functions_, function);
      for (const std::size_t number : inner) link(number, outer);
      const auto builtin = judge_builtin(function.schema, function.name);
      if (builtin) effects.add(*builtin, to_text(function));
      else if (inner.empty()) effects.add(unknown_effects(RouteReason::unknown_function), to_text(function));
    }
    for (const ObjectName& use : nodes_[outer].reading.uses)
      for (const std::size_t number : find(uses_, use)) link(number, outer);
    for (const NamedRelation& relation : nodes_[outer].reading.relations) {
      const auto& inner = find(relations_, relation.name);
      for (const std::size_t number : inner) link(number, outer);
      if (!relation.is_certain) link_uses(relation.name, outer);
      const bool is_judged = judge_relation(relation.name.schema, relation.name.name) != RouteReason::read;
      if (inner.empty() && relation.is_certain && !is_judged)
        effects.add(unknown_effects(RouteReason::unknown_relation), to_text(relation.name));
    }
  }

  std::vector<Node> nodes_;
  Names functions_;
  Names uses_;
  Names relations_;
  std::deque<std::size_t> changed_;
};

}  // namespace

CatalogFactsPtr build_catalog_facts(const CatalogRows& rows, const CatalogRules& rules, std::uint64_t stamp,
                                    std::uint64_t as_of) {
  Graph graph(rows, rules);
  graph.run();
  auto facts = std::make_shared<CatalogFacts>(stamp, as_of);
  graph.tell(*facts);
  return facts;
}

}  // namespace howdah
