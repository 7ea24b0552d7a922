// What SET, RESET and set_config() do to the session: which setting gets which value, as far as the text tells.
#pragma once

#include "sql_router/pg_query_tree.hpp"

struct FuncCall;  // PostgreSQL's, as below
struct List;
struct SelectStmt;
struct VariableSetStmt;

namespace howdah {

StatementHead set_head(const VariableSetStmt* statement);

// BEGIN's, SET TRANSACTION's.
void add_modes(TransactionModes& modes, const List* options);

// SELECT set_config(...), ... of constants alone: the head is told what they set. Any other SELECT is left as it is.
void add_settings_of_calls(StatementHead& head, const SelectStmt* select);

// A call of set_config whose effect ends with the transaction.
bool is_local_set_config(const FuncCall* call);

}  // namespace howdah
