"""The words by which members are found."""

from uuid import UUID

from members.names import fold

WORD_LENGTH = 163
"""Characters of a word by which it is found: as many as ``member_lexemes`` keeps beside the workspace's id."""


def lexemes_of(workspace_id: UUID, text: str) -> str:
    """Answer the query for members of the workspace with the words that ``text`` begins; empty: it has no words."""
    words = "".join(char if char.isalnum() else " " for char in fold(text)).split()
    return " & ".join(f"'{workspace_id}:{word[:WORD_LENGTH]}':*" for word in words[:8])
