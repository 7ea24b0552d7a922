// What the top node of a statement says about it, before anything inside is looked at.
#pragma once

#include "sql_router/pg_query_tree.hpp"

struct Node;  // PostgreSQL's

namespace howdah {

// Texts in the head are borrowed from the tree.
StatementHead head_of(const Node* node);

}  // namespace howdah
