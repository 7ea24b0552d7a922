"""The scenes of tests/scripts/sql leave no command of PostgreSQL out."""

import re
import subprocess

import cluster as pg
import scenes

# Commands that are written otherwise than they are called.
SPELLINGS = {
    "CREATE TABLE AS": r"CREATE TABLE \S+ AS ", "CREATE AGGREGATE": r"CREATE AGGREGATE", "SELECT INTO": r"SELECT .* INTO ",
    "CREATE INDEX": r"CREATE (UNIQUE )?INDEX", "CREATE LANGUAGE": r"CREATE LANGUAGE", "CREATE TRIGGER": r"CREATE (CONSTRAINT )?TRIGGER",
    "SET": r"SET \w+", "TABLE": r"TABLE ", "WITH": r"WITH ", "ALTER GROUP": r"ALTER GROUP",
}


def commands_of(port):
    """What psql's \\h lists."""
    listed = subprocess.run(["psql", "-X", "-h", "127.0.0.1", "-p", str(port), "-U", "postgres", "-c", "\\h"], text=True, capture_output=True,
                            env=pg.server_environment(), check=True).stdout
    width = len("CREATE TEXT SEARCH CONFIGURATION") + 1  # the longest name
    return [name for line in listed.splitlines()[1:] for name in (line[2:2 + width].strip(), line[2 + width:].strip()) if name]


def test_every_command_is_said_in_some_scene(cluster):
    said = [statement for scene in scenes.read_scenes() for statement in scene.statements]
    commands = commands_of(cluster.primary.port)
    assert len(commands) > 150
    missing = [name for name in commands
               if not any(re.match(SPELLINGS.get(name, re.escape(name) + r"\b"), one) for one in said)]
    assert missing == []
